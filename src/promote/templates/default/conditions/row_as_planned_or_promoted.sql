{# Prod holds one row of a model: the one that the plan found, or the one that the promotion writes. #}
(select count(*) from {{ prod }} where model = {{ row.model | literal }} and ((last_success = {{ row.last_success | timestamp }}
{%- if has_first_success %} and first_success {% if row.first_success %}= {{ row.first_success | timestamp }}{% else %}is null{% endif %}{% endif %}) or last_success = {{ recorded | timestamp }})) = 1
  and (select count(*) from {{ prod }} where model = {{ row.model | literal }}) = 1
