{# A name that has no room for the end of it stays. #}
with {{ things }}
select kind, name, name || '__bk' as wanted
from things
where kind <> 'constraint' and is_own and octet_length(name) <= {{ longest_with_end }}
