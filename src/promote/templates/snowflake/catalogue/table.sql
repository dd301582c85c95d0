{# Whether it is transient, its clustering key, its description. #}
select is_transient, coalesce(clustering_key, ''), coalesce(comment, '')
from {{ database }}.information_schema.tables
where table_schema = '{{ schema }}' and table_name = '{{ identifier }}'
