{#
  Executes batches of statements one after another, most of which are one statement. Each one commits by itself: statements
  that belong together begin and commit their own transaction. Prints which statement begins and ends, so that a failure
  can name its statement, and with the end what the adapter tells of it. No adapter tells everything, and none has to.
  `resending`: the adapters whose `execute` may send a statement again, over another connection.
#}
{% macro snowplow_backfill_execute(marker, resending) %}
  {% set batches = __BATCHES__ %}
  {% for batch in batches.get(target.type, batches["default"]) %}
    {% set sql = batch["sql"] %}
    {% do print(marker ~ tojson({"first": batch["first"], "last": batch["last"], "done": false})) %}
    {% if target.type in resending %}
      {#
        To some errors, the adapter's `execute` opens another connection and sends the failed statement there, alone: the
        rest of a transaction would commit by itself, without its lock.
      #}
      {% set connection, response = adapter.add_query(sql, auto_begin=false) %}
      {% set rows = response.rowcount %}
    {% else %}
      {# What run_query calls. That throws the response away. #}
      {% set response, table = adapter.execute(sql, auto_begin=false, fetch=true) %}
      {% set rows = response.rows_affected %}
    {% endif %}
    {% if target.type == "snowflake" and sql.startswith("create") %}
      {# Snowflake answers that with one row, the message that it is done. #}
      {% set rows = response.rows_inserted %}
    {% endif %}
    {% set query_id = response.job_id if target.type == "bigquery" else response.query_id %}
    {% do print(marker ~ tojson({
      "first": batch["first"],
      "last": batch["last"],
      "done": true,
      "rows": rows | default(none) | int(-1),
      "bytes": response.bytes_processed | default(none) | int(-1),
      "query_id": query_id | string if query_id and query_id != "N/A" else none,
    })) %}
  {% endfor %}
{% endmacro %}
