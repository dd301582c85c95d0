create table {% if if_not_exists %}if not exists {% endif %}{{ target }}
as select * from {{ source }}{% if only_rows %} {{ only_rows }}{% endif %}
