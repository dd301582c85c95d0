select count(*) from {{ of }}{% if every_row %} {{ every_row }}{% endif %}
