select privilege_type, identity_type, identity_name
from svv_relation_privileges
where namespace_name = '{{ schema }}' and relation_name = '{{ identifier }}'
order by 1, 2, 3
