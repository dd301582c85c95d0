{# The alias stands for a whole row. A column of this name would hide it, and no table has one. #}
select sum(cast(farm_fingerprint(to_json_string(snowplow_backfill_row)) as bignumeric)) from {{ of }} as snowplow_backfill_row{% if every_row %} {{ every_row }}{% endif %}
