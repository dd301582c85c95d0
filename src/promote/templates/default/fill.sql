{% if columns %}
insert into {{ target }} ({{ columns | columns }})
select {{ columns | columns }}
from {{ source }}
{% else %}
insert into {{ target }}
select * from {{ source }}
{% endif %}
