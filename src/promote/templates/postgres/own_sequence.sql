{#
  Without this, the `serial` column of the copy would take its numbers from staging's sequence. The name of the new
  sequence may be taken already, by the sequence of a table that is replaced.
#}
do $sequence$
declare
  free text := {{ sequence | literal }};
  tried integer := 0;
begin
  while to_regclass(format('%s.%I', {{ target.schema | literal }}, free)) is not null loop
    tried := tried + 1;
    free := left({{ sequence | literal }}, 58) || tried;
  end loop;
  free := format('%s.%I', {{ target.schema | literal }}, free);
  execute format('create sequence %s owned by {{ target }}.%I', free, {{ column | literal }});
  execute format('alter table {{ target }} alter column %I set default nextval(%L::regclass)', {{ column | literal }}, free);
  perform setval(free::regclass, (select max({{ column | column }}) from {{ target }}));
end
$sequence$
