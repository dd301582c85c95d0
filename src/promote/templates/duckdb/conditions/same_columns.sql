{# The type of a whole row. It needs no row to be there. #}
{% for of in [prod, staging] %}
(select typeof(snowplow_backfill_row) from (select 1) as o left join {{ of }} as snowplow_backfill_row on false)
{%- if not loop.last %} = {% endif %}
{% endfor %}
