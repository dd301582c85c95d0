insert into {{ staging }} (model, {% if has_first_success %}first_success, {% endif %}last_success)
select model, {% if has_first_success %}first_success, {% endif %}last_success
from {{ prod }}
where model in ({{ moved | literals }})
