{# Prod's rows are those that the promotion wrote, whatever staging did since. #}
(select count(*) from {{ prod }} where model in ({{ models | literals }}) and last_success = {{ recorded | timestamp }}) = {{ models | length }}
  and (select count(*) from {{ prod }} where model in ({{ models | literals }})) = {{ models | length }}
