create schema if not exists {{ relation.schema_alone }}
