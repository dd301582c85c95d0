select ddl
from `{{ database }}`.`{{ schema }}`.INFORMATION_SCHEMA.TABLES
where table_name = '{{ identifier }}'
