{# The type of a whole row. It needs no row to be there. Before a star, a name is always that of a table. #}
{% for of in [prod, staging] %}
(select typeof(struct(t.*)) from (select 1 as one) as o left join {{ of }} as t on false)
{%- if not loop.last %} = {% endif %}
{% endfor %}
