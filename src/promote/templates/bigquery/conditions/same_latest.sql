{# As many of staging's latest rows. #}
{% for of in [prod, staging] %}
(select count(*) from {{ of }} {% if every_row %}{{ every_row }} and{% else %}where{% endif %} {{ date_column }} = (select max({{ date_column }}) from {{ staging }}{% if every_row %} {{ every_row }}{% endif %}))
{%- if not loop.last %} = {% endif %}
{% endfor %}
