{# A query cannot keep a table that is there. #}
create table if not exists {{ target }} (like {{ source }} including defaults)
