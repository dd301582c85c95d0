{#
  Foreign keys of other tables to this one, or to a partition of it. Its own belong to it, those of its partitions too. What
  PostgreSQL derives for partitions is told by the key that it comes from.
#}
with tree as (
  select '{{ table }}'::regclass as id
  union
  select relid from pg_partition_tree('{{ table }}'::regclass)
)
select k.conrelid::regclass::text || ' (' || k.conname || ')'
from pg_catalog.pg_constraint as k
left join pg_catalog.pg_constraint as p on p.oid = k.conparentid
where k.contype = 'f'
  and k.confrelid in (select id from tree)
  and k.conrelid not in (select id from tree)
  and (p.oid is null or p.confrelid not in (select id from tree))
order by 1
