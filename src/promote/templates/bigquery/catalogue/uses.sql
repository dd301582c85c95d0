{# Views of the same dataset whose text names the table: no other table has such a name. #}
select concat(table_schema, '.', table_name)
from `{{ database }}`.`{{ schema }}`.INFORMATION_SCHEMA.VIEWS
where strpos(view_definition, '{{ identifier }}') > 0
order by 1
