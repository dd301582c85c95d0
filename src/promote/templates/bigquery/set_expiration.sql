alter table {{ table }} set options (expiration_timestamp = null{% if partition_days %}, partition_expiration_days = {{ partition_days }}{% endif %})
