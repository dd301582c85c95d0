{# The sequence that the default of a column takes its numbers from. #}
select d.refobjid
from pg_attrdef as a
join pg_attribute as c on c.attrelid = a.adrelid and c.attnum = a.adnum
join pg_depend as d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid and d.refclassid = 'pg_class'::regclass
join pg_sequence as s on s.seqrelid = d.refobjid
where a.adrelid = '{{ source }}'::regclass and c.attname = {{ column | literal }}
order by d.refobjid
limit 1
