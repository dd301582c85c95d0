{# Only superusers and sys:secadmin get rows. #}
select 'row level security'
from svv_rls_relation
where relschema = '{{ schema }}' and relname = '{{ identifier }}' and is_rls_on
