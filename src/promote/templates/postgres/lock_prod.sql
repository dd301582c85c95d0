{#
  Until the end of the transaction nobody can read these tables, or write the rows. While this waits, new readers have to wait
  behind it: it waits for a moment only, lets them through, and tries again. The manifests come first, as in prod's own runs.
#}
do $lock$
declare
  users text;
begin
  set local statement_timeout = 0;
  for tried in 1 .. 60 loop
    begin
      set local lock_timeout = '2s';
      lock table {{ manifests | list }} in share row exclusive mode;
      lock table {{ tables | list }} in access exclusive mode;
      set local lock_timeout = '60s';
      return;
    exception when lock_not_available or deadlock_detected then
      perform pg_stat_clear_snapshot();
      select string_agg(distinct format('%s of %s%s', l.pid, a.usename, coalesce(' (' || nullif(a.application_name, '') || ')', '')), ', ')
      into users
      from pg_locks as l
      left join pg_stat_activity as a on a.pid = l.pid
      where l.granted
        and l.pid <> pg_backend_pid()
        and l.database = (select oid from pg_database where datname = current_database())
        and (
          l.relation in (
{% for table in tables %}
            '{{ table }}'::regclass{% if not loop.last %},{% endif +%}
{% endfor %}
          )
          or l.mode not in ('AccessShareLock', 'RowShareLock') and l.relation in (
{% for table in manifests %}
            '{{ table }}'::regclass{% if not loop.last %},{% endif +%}
{% endfor %}
          )
        );
      perform pg_sleep(1);
    end;
  end loop;
  raise exception 'prod''s tables were in use for three minutes. End the session that keeps them, or try again later. Now they are used by %',
    coalesce(users, 'nobody')
    using errcode = 'lock_not_available';
end
$lock$
