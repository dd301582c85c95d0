{# The statement that made staging's table, for another one. #}
create table {{ target }} {{ definition }}
