merge into {{ prod }} as t
using (
  select s.model, {% if has_first_success %}s.first_success, {% endif %}{% if cap %}{{ cap | timestamp }} as last_success{% else %}s.last_success{% endif +%}
  from {{ staging }} as s
  where s.model in ({{ added | literals }})
{% if time %}
    and s.last_success = {{ time | timestamp }}
{% endif %}
) as s
on t.model = s.model
when not matched then insert (model, {% if has_first_success %}first_success, {% endif %}last_success) values (s.model, {% if has_first_success %}s.first_success, {% endif %}s.last_success)
