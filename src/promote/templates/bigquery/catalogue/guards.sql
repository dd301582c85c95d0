select concat('row access policy ', row_access_policy_name)
from `{{ database }}`.`{{ schema }}`.INFORMATION_SCHEMA.ROW_ACCESS_POLICIES
where table_name = '{{ identifier }}'
