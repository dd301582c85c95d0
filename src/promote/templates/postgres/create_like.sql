create table {{ target }} (like {{ source }} including all)
