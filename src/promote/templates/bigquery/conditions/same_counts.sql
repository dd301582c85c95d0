(select count(*) from {{ prod }}{% if every_row %} {{ every_row }}{% endif %}) = (select count(*) from {{ staging }}{% if every_row %} {{ every_row }}{% endif %})
