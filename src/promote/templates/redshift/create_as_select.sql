create table {{ target }}
{% if layout.distribution %}
{{ layout.distribution }}
{% endif %}
{% if layout.sort_key %}
{{ layout.sort_key }}
{% endif %}
as select * from {{ source }}
