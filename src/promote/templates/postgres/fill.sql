{% if columns %}
insert into {{ target }} ({{ columns | columns }})
{% if is_numbered_always %}
overriding system value
{% endif %}
select {{ columns | columns }}
from {{ source }}
{% else %}
insert into {{ target }}
select * from {{ source }}
{% endif %}
