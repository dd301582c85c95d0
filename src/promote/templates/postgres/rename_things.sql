{#
  Two things may have each other's name, so all of them get a name for the moment first. Where a name is taken by something else,
  a number is added to it, as PostgreSQL itself does. Names of constraints without an index belong to the table, the others
  to the schema.
#}
do $names$
declare
  of_table constant text := 'alter table {{ table }} rename constraint %2$I to %3$I';
  of_schema constant text := 'alter %1$s %4$s.%2$I rename to %3$I';
  home constant text := (select relnamespace::regnamespace::text from pg_class where oid = '{{ table }}'::regclass);
  things constant json := (
    select json_agg(w)
    from (
      select wanted.*, format('__promote_%s_%s', pg_backend_pid(), row_number() over ()) as moment
      from (
        {{ wanted | indented | indented | indented }}
      ) as wanted
      where wanted.name <> wanted.wanted
    ) as w
  );
  thing record;
  free text;
  tried integer;
begin
  for thing in select * from json_to_recordset(things) as t (kind text, name text, moment text) loop
    execute format(case when thing.kind = 'constraint' then of_table else of_schema end, thing.kind, thing.name, thing.moment, home);
  end loop;
  for thing in select * from json_to_recordset(things) as t (kind text, wanted text, moment text) loop
    tried := 0;
    free := thing.wanted;
    while (thing.kind <> 'constraint' and to_regclass(format('%s.%I', home, free)) is not null)
      or exists (select 1 from pg_statistic_ext where stxnamespace = home::regnamespace and stxname = free)
      or exists (select 1 from pg_constraint where conrelid = '{{ table }}'::regclass and conname = free)
    loop
      tried := tried + 1;
      free := thing.wanted;
      while octet_length(free || tried) > {{ longest }} loop
        free := left(free, -1);
      end loop;
      free := free || tried;
    end loop;
    execute format(case when thing.kind = 'constraint' then of_table else of_schema end, thing.kind, thing.moment, free, home);
  end loop;
end
$names$
