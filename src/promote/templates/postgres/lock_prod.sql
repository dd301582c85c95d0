{#
  Nobody can read these tables until the end of the transaction, or write the rows. While this waits, new readers have to wait behind it: it
  waits for a moment only, lets them through, and tries again.
#}
do $alone$
declare
  holders text;
begin
  for tried in 1 .. 60 loop
    begin
      set local lock_timeout = '2s';
      lock table {{ tables | list }} in access exclusive mode;
      lock table {{ manifests | list }} in share row exclusive mode;
      return;
    exception when lock_not_available then
      select string_agg(distinct format('%s of %s%s', l.pid, a.usename, coalesce(' (' || nullif(a.application_name, '') || ')', '')), ', ')
      into holders
      from pg_locks as l
      join pg_stat_activity as a on a.pid = l.pid
      where l.granted
        and l.pid <> pg_backend_pid()
        and l.relation in (
{% for table in tables %}
          '{{ table }}'::regclass,
{% endfor %}
{% for table in manifests %}
          '{{ table }}'::regclass{% if not loop.last %},{% endif +%}
{% endfor %}
        );
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'prod''s tables are in use for three minutes: end the sessions with these process ids, or try again later: %', holders
    using errcode = 'lock_not_available';
end
$alone$
