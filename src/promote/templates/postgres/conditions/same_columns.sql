{% for of in [prod, staging] %}
(select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) from pg_catalog.pg_attribute where attrelid = '{{ of }}'::regclass and attnum > 0 and not attisdropped)
{%- if not loop.last %} = {% endif %}
{% endfor %}
