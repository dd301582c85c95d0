select concat('row filter ', filter_name)
from `{{ database }}`.information_schema.row_filters
where table_schema = '{{ schema }}' and table_name = '{{ identifier }}'
union all
select concat('mask of ', column_name)
from `{{ database }}`.information_schema.column_masks
where table_schema = '{{ schema }}' and table_name = '{{ identifier }}'
