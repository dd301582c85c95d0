{#
  Answers several queries in one call: one line of JSON per row, each after a marker.

  A query may name relations (database, schema, identifier). dbt finds them, so that the adapter decides about quotes
  and about upper and lower case. In the SQL, `@0@` stands for the first relation as dbt renders it, `@0.schema@`,
  `@0.identifier@` and `@0.database@` for its parts as the warehouse holds them, `@0.type@` for its kind, such as `table`.
  If a relation does not exist, the reply says so and the SQL is not sent. A query without SQL asks for the columns of its
  relation, or whether the relation's schema exists where the relation does not. Values are text or null: the SQL casts
  everything else to text.
#}
{% macro snowplow_backfill_query(marker, queries) %}
  {% do print(marker ~ tojson({"target": {"name": target.name, "type": target.type, "schema": target.schema}})) %}
  {% for query in queries %}
    {% set index = loop.index0 %}
    {% set found = namespace(sql=query["sql"] or "", missing=none, relations=[]) %}
    {% for relation in query["relations"] %}
      {% set place = "@" ~ loop.index0 %}
      {% set existing = adapter.get_relation(
        database=relation["database"] or target.database,
        schema=relation["schema"],
        identifier=relation["identifier"]
      ) %}
      {% if existing is none %}
        {% set found.missing = loop.index0 %}
      {% else %}
        {% do found.relations.append(existing) %}
        {% for part in ["database", "schema", "identifier", "type"] %}
          {% set found.sql = found.sql | replace(place ~ "." ~ part ~ "@", existing[part] | string) %}
        {% endfor %}
        {% set found.sql = found.sql | replace(place ~ "@", existing | string) %}
      {% endif %}
    {% endfor %}
    {% if found.missing is not none %}
      {% set relation = query["relations"][found.missing] %}
      {% set has_schema = query["sql"] is not none or adapter.check_schema_exists(
        relation["database"] or target.database, relation["schema"]
      ) %}
      {% do print(marker ~ tojson({"query": index, "missing": found.missing, "has_schema": has_schema})) %}
    {% else %}
      {% if query["sql"] is none %}
        {% for column in adapter.get_columns_in_relation(found.relations[0]) %}
          {% do print(marker ~ tojson({"query": index, "row": [column.name, column.data_type]})) %}
        {% endfor %}
      {% else %}
        {% for row in run_query(found.sql).rows %}
          {% set values = [] %}
          {% for value in row.values() %}
            {% do values.append(none if value is none else value | string) %}
          {% endfor %}
          {% do print(marker ~ tojson({"query": index, "row": values})) %}
        {% endfor %}
      {% endif %}
      {% do print(marker ~ tojson({"query": index, "end": true})) %}
    {% endif %}
  {% endfor %}
{% endmacro %}
