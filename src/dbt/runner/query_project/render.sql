{#
  Prints the values of vars, rendered as dbt renders them for a model: two lines of JSON per var, each after a marker.
  The first line says which var follows, so that it is known which one dbt fails on.
#}
{% macro snowplow_backfill_render(marker, names) %}
  {% for name in names %}
    {% do print(marker ~ tojson({"rendering": name})) %}
    {% do print(marker ~ tojson({"rendered": name, "text": var(name) | string})) %}
  {% endfor %}
{% endmacro %}
