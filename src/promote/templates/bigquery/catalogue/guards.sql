select concat('row access policy ', row_access_policy_name)
from `{{ database }}`.`{{ schema }}`.INFORMATION_SCHEMA.ROW_ACCESS_POLICIES
where table_name = '{{ identifier }}'
union all
select concat('policy tags of ', field_path)
from `{{ database }}`.`{{ schema }}`.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS
where table_name = '{{ identifier }}' and array_length(policy_tags) > 0
