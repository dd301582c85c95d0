{# Inserts lock nothing here. An update that changes nothing causes a conflict. #}
update {{ prod }} set last_success = last_success where true
