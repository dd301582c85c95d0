{# Inserts lock nothing here. An update that changes nothing takes the table's lock. #}
update {{ prod }} set last_success = last_success
