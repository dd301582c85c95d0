select column_name, ordinal_position, data_type from {{ of.schema }}.INFORMATION_SCHEMA.COLUMNS where table_name = {{ of.stored_identifier | literal }}
