create table {{ target }} (like {{ source }} including defaults)
