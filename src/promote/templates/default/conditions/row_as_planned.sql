{# Prod holds one row of a model: the one that the plan found. #}
(select count(*) from {{ prod }} where model = {{ row.model | literal }} and last_success = {{ row.last_success | timestamp }}
{%- if has_first_success %} and first_success {% if row.first_success %}= {{ row.first_success | timestamp }}{% else %}is null{% endif %}{% endif %}) = 1
  and (select count(*) from {{ prod }} where model = {{ row.model | literal }}) = 1
