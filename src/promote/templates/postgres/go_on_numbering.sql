{#
  Without this, the copy would start with its first number again. The largest number in the data does not tell where staging
  is: rows may have been deleted, and a sequence can count down.
#}
do $numbering$
declare
  ours text := pg_get_serial_sequence('{{ target }}', {{ column | literal }});
  theirs text;
  last bigint;
  is_taken boolean;
  retyped text;
begin
  {# A default names its sequence. That of an identity belongs to the column. #}
  theirs := coalesce((
  {{ default_sequence | indented }}
  )::regclass::text, pg_get_serial_sequence('{{ source }}', {{ column | literal }}));
  {# A copy's identity counts in bigint, whatever the type of the column. #}
  select format('alter sequence %s as %s', ours, t.seqtypid::regtype) into retyped
  from pg_sequence as t, pg_sequence as o
  where t.seqrelid = theirs::regclass and o.seqrelid = ours::regclass and t.seqtypid <> o.seqtypid;
  if found then
    execute retyped;
  end if;
  begin
    execute format('select last_value, is_called from %s', theirs) into strict last, is_taken;
    perform setval(ours, last, is_taken);
  exception when insufficient_privilege then
    raise notice 'this user may not read %: the numbers of the copy go on after those in the table', theirs;
    perform setval(ours, case when s.seqincrement > 0 then n.largest else n.smallest end)
    from pg_sequence as s,
      (select max(t.{{ column | column }}) as largest, min(t.{{ column | column }}) as smallest from {{ target }} as t) as n
    where s.seqrelid = ours::regclass;
  end;
end
$numbering$
