create {% if or_replace %}or replace {% endif %}table {% if if_not_exists %}if not exists {% endif %}{{ target }} deep clone {{ source }}{% if location %} location {{ location | literal }}{% endif %}
