{# Whether this user may not create tables in the schema. #}
select 'create'
from pg_catalog.pg_namespace
where nspname = {{ relation.stored_schema | literal }} and not has_schema_privilege(nspname, 'create')
