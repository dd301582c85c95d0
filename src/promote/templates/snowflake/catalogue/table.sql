{# Whether it is transient, its clustering key, its description, whether it is an Iceberg table and clustered automatically, its days of Time Travel. #}
select
  is_transient, coalesce(clustering_key, ''), coalesce(comment, ''), coalesce(is_iceberg, 'NO'), coalesce(auto_clustering_on, 'NO'),
  coalesce(to_varchar(retention_time), '')
from {{ database }}.information_schema.tables
where table_schema = '{{ schema }}' and table_name = '{{ identifier }}'
