{#
  Executes statements one after another. Each one commits by itself: statements that belong together begin and commit
  their own transaction. Prints which statement begins and ends, so that a failure can name its statement.
#}
{% macro snowplow_backfill_execute(marker) %}
  {% set statements = __STATEMENTS__ %}
  {% for statement in statements %}
    {% do print(marker ~ tojson({"statement": loop.index0, "done": false})) %}
    {% do run_query(statement) %}
    {% do print(marker ~ tojson({"statement": loop.index0, "done": true})) %}
  {% endfor %}
{% endmacro %}
