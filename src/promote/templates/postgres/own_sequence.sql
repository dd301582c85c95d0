{#
  Without this, the `serial` column of the copy would take its numbers from staging's sequence. The name of the new
  sequence may be taken already, by the sequence of a table that is replaced.
#}
do $sequence$
declare
  free text := {{ sequence | literal }};
  tried integer := 0;
  theirs pg_sequence%rowtype;
begin
  while to_regclass(format('%s.%I', {{ target.schema | literal }}, free)) is not null loop
    tried := tried + 1;
    free := left({{ sequence | literal }}, 58) || tried;
  end loop;
  free := format('%s.%I', {{ target.schema | literal }}, free);
  select s.* into strict theirs from pg_sequence as s where s.seqrelid = (
  {{ default_sequence | indented }}
  );
  execute format(
    'create sequence %s as %s increment by %s minvalue %s maxvalue %s start with %s cache %s %s owned by {{ target }}.%I',
    free, theirs.seqtypid::regtype, theirs.seqincrement, theirs.seqmin, theirs.seqmax, theirs.seqstart, theirs.seqcache,
    case when theirs.seqcycle then 'cycle' else 'no cycle' end, {{ column | literal }}
  );
  execute format('alter table {{ target }} alter column %I set default nextval(%L::regclass)', {{ column | literal }}, free);
end
$sequence$
