select option_name, option_value
from `{{ database }}`.`{{ schema }}`.INFORMATION_SCHEMA.TABLE_OPTIONS
where table_name = '{{ identifier }}'
order by option_name
