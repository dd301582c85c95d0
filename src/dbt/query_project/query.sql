{#
  Answers all queries of one moment in one call: a line of JSON a row, each behind a marker.

  A query may name relations (database, schema, identifier). dbt itself finds them, so that quoting and upper or lower
  case are the adapter's affair; `@0@`, `@1@`, ... in the SQL stand for them. A query whose relation does not exist
  answers that, and its SQL is not sent. Values are text or null: the SQL casts what is not.
#}
{% macro snowplow_backfill_query(marker, queries) %}
  {% do print(marker ~ tojson({"target": {"name": target.name, "type": target.type, "schema": target.schema}})) %}
  {% for query in queries %}
    {% set found = namespace(sql=query["sql"], missing=none) %}
    {% for relation in query["relations"] %}
      {% set existing = adapter.get_relation(
        database=relation["database"] or target.database,
        schema=relation["schema"],
        identifier=relation["identifier"]
      ) %}
      {% if existing is none %}
        {% set found.missing = loop.index0 %}
      {% else %}
        {% set found.sql = found.sql | replace("@" ~ loop.index0 ~ "@", existing | string) %}
      {% endif %}
    {% endfor %}
    {% set index = loop.index0 %}
    {% if found.missing is not none %}
      {% do print(marker ~ tojson({"query": index, "missing": found.missing})) %}
    {% else %}
      {% for row in run_query(found.sql).rows %}
        {% set values = [] %}
        {% for value in row.values() %}
          {% do values.append(none if value is none else value | string) %}
        {% endfor %}
        {% do print(marker ~ tojson({"query": index, "row": values})) %}
      {% endfor %}
      {% do print(marker ~ tojson({"query": index, "end": true})) %}
    {% endif %}
  {% endfor %}
{% endmacro %}
