merge into {{ prod }} as t
using (
  select s.model, {% if has_first_success %}s.first_success, {% endif %}{% if cap %}{{ cap | timestamp }} as last_success{% else %}s.last_success{% endif +%}
  from {{ staging }} as s
  where s.model = {{ row.model | literal }}
{% if time %}
    and s.last_success = {{ time | timestamp }}
{% endif %}
) as s
on t.model = s.model
when matched and t.last_success = {{ row.last_success | timestamp }}
{%- if has_first_success %} and t.first_success {% if row.first_success %}= {{ row.first_success | timestamp }}{% else %}is null{% endif %}{% endif %} then update set {% if has_first_success %}first_success = s.first_success, {% endif %}last_success = s.last_success
