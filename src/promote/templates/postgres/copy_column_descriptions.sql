{# Reads the descriptions as it is executed, so that the plan needs no connection. #}
do $comments$
declare
  described record;
begin
  for described in
    select attname, col_description(attrelid, attnum) as description
    from pg_catalog.pg_attribute
    where attrelid = '{{ source }}'::regclass and attnum > 0 and col_description(attrelid, attnum) is not null
  loop
    execute format('comment on column {{ target }}.%I is %L', described.attname, described.description);
  end loop;
end
$comments$
