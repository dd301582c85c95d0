{# All rows of a table that cannot be read without a filter, in the words that dbt uses for that. #}
where {% for column in columns %}({{ column | column }} is null or {{ column | column }} is not null){% if not loop.last %} and {% endif %}{% endfor %}
