create schema if not exists {{ relation.schema }}
