select '', tag_name, tag_value
from `{{ database }}`.information_schema.table_tags
where schema_name = '{{ schema }}' and table_name = '{{ identifier }}'
union all
select column_name, tag_name, tag_value
from `{{ database }}`.information_schema.column_tags
where schema_name = '{{ schema }}' and table_name = '{{ identifier }}'
