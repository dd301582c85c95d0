{# The former table's things are on the backup now, and their names have another end. #}
with {{ things }}
select
  new.kind,
  new.name,
  coalesce(
{% if is_replaced %}
    case when new.kind = 'constraint' then former.name else regexp_replace(former.name, '__bk\d*$', '') end,
{% endif %}
    staging.name,
    replace(new.name, '__promote', '')
  ) as wanted
from things as new
{% for other in others %}
left join things as {{ other }} on {{ other }}.side = '{{ other }}' and ({{ other }}.kind, {{ other }}.definition, {{ other }}.place) = (new.kind, new.definition, new.place)
{% endfor %}
where new.side = 'new'
