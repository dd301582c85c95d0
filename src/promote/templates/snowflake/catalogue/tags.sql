{# Those that were set on the table itself or its columns, not on its schema or database. #}
select '', tag_database, tag_schema, tag_name, tag_value
from table({{ database }}.information_schema.tag_references('{{ table }}', 'table'))
where level = 'TABLE'
union all
select column_name, tag_database, tag_schema, tag_name, tag_value
from table({{ database }}.information_schema.tag_references_all_columns('{{ table }}', 'table'))
where level = 'COLUMN'
