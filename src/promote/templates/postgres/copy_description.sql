{# Reads the description as it is executed, so that the plan needs no connection. #}
do $comment$
begin
  execute format('comment on table {{ target }} is %L', obj_description('{{ source }}'::regclass, 'pg_class'));
end
$comment$
