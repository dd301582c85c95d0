{#
  Executes statements one after another. Each one commits by itself: statements that belong together begin and commit
  their own transaction. Prints which statement begins and ends, so that a failure can name its statement.
#}
{% macro snowplow_backfill_execute(marker) %}
  {% set statements = __STATEMENTS__ %}
  {% for statement in statements %}
    {% do print(marker ~ tojson({"statement": loop.index0, "done": false})) %}
    {% if target.type == "redshift" %}
      {#
        To some errors, the adapter's `execute`, which is what run_query calls, opens another connection and sends the
        failed statement there, alone: the rest of a transaction would commit by itself, without its lock.
      #}
      {% do adapter.add_query(statement, auto_begin=false) %}
    {% else %}
      {% do run_query(statement) %}
    {% endif %}
    {% do print(marker ~ tojson({"statement": loop.index0, "done": true})) %}
  {% endfor %}
{% endmacro %}
