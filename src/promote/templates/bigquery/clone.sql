{# The grammar has no `or replace` for a clone. #}
create table {% if if_not_exists %}if not exists {% endif %}{{ target }} clone {{ source }}
