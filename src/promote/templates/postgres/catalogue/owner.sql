{# Its owner, if that is not this user. #}
select pg_get_userbyid(relowner)::text
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and pg_get_userbyid(relowner) <> current_user
