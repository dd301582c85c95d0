update {{ prod }} as t
set {% if has_first_success %}first_success = s.first_success, {% endif %}last_success = {% if cap %}{{ cap | timestamp }}{% else %}s.last_success{% endif +%}
from {{ staging }} as s
where t.model = {{ row.model | literal }} and t.last_success = {{ row.last_success | timestamp }}
{%- if has_first_success %} and t.first_success {% if row.first_success %}= {{ row.first_success | timestamp }}{% else %}is null{% endif %}{% endif +%}
  and s.model = t.model
{% if time %}
  and s.last_success = {{ time | timestamp }}
{% endif %}
