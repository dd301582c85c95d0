{# Views whose text names the table: no other table has such a name. #}
select table_schema || '.' || table_name
from {{ database }}.information_schema.views
where contains(lower(view_definition), lower('{{ identifier }}'))
order by 1
