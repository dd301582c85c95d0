{# Only one view lists the tables of other databases. The catalogue cannot aggregate text. #}
select column_name, ordinal_position, data_type, character_maximum_length, numeric_precision, numeric_scale
{%- if across_databases and of.database %} from svv_all_columns where lower(database_name) = {{ of.stored_database | lower | literal }} and lower(schema_name) = {{ of.stored_schema | lower | literal }}
{%- else %} from information_schema.columns where lower(table_schema) = {{ of.stored_schema | lower | literal }}
{%- endif %} and lower(table_name) = {{ of.stored_identifier | lower | literal }}
