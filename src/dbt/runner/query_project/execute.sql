{#
  Executes statements one after another, each by itself: what is to be one unit begins and commits its own transaction.
  Says which one it is at, so that a failure has a place.
#}
{% macro snowplow_backfill_execute(marker) %}
  {% set statements = __STATEMENTS__ %}
  {% for statement in statements %}
    {% do print(marker ~ tojson({"statement": loop.index0, "done": false})) %}
    {% do run_query(statement) %}
    {% do print(marker ~ tojson({"statement": loop.index0, "done": true})) %}
  {% endfor %}
{% endmacro %}
