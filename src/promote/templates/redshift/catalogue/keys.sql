{# The columns of both keys. Places of both signs are those of an interleaved sort key. #}
select column_name, case when distkey then 'yes' else 'no' end, cast(sortkey as varchar)
from svv_redshift_columns
where database_name = current_database() and schema_name = '{{ schema }}' and table_name = '{{ identifier }}' and (distkey or sortkey <> 0)
order by abs(sortkey)
