{# Only superusers and sys:secadmin get rows. #}
select 'row level security'
from svv_rls_relation
where relschema = '{{ schema }}' and relname = '{{ identifier }}' and is_rls_on
union all
select distinct 'the masking policy ' || policy_name
from svv_attached_masking_policy
where schema_name = '{{ schema }}' and table_name = '{{ identifier }}'
