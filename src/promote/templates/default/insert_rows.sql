insert into {{ prod }} (model, {% if has_first_success %}first_success, {% endif %}last_success)
select s.model, {% if has_first_success %}s.first_success, {% endif %}{% if cap %}{{ cap | timestamp }} as last_success{% else %}s.last_success{% endif +%}
from {{ staging }} as s
where s.model in ({{ added | literals }})
{% if time %}
  and s.last_success = {{ time | timestamp }}
{% endif %}
  and not exists (select 1 from {{ prod }} as t where t.model = s.model)
