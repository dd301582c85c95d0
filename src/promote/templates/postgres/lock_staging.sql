{#
  Makes everybody who writes to staging wait. A user who may only read staging goes on without the lock: each table is
  read in one statement, and what staging records is compared before and after.
#}
do $still$
begin
  lock table {{ tables | list }} in share mode;
exception when insufficient_privilege then
  raise notice 'staging is not locked: this user may only read it';
end
$still$
