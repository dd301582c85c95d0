with {{ things }}
select kind, name, substring(name from '^(.*)__bk\d*$') as wanted
from things
where kind <> 'constraint' and octet_length(substring(name from '^(.*)__bk\d*$')) <= {{ longest_with_end }}
