{# Without this, the identity column of the copy would start at 1 again. #}
select setval(pg_get_serial_sequence('{{ target }}', {{ column | literal }}), (select max({{ column | column }}) from {{ target }}))
