{# Prod holds one row for each model: the same as staging's, or at the time that the plan caps it to. #}
(select count(*) from {{ prod }} as t join {{ staging }} as s on s.model = t.model where t.last_success = {% if cap %}{{ cap | timestamp }}{% else %}s.last_success{% endif %} and t.model in ({{ models | literals }})
{%- if time +%}
  and s.last_success = {{ time | timestamp }}
{%- endif %}) = {{ models | length }}
  and (select count(*) from {{ prod }} where model in ({{ models | literals }})) = {{ models | length }}
