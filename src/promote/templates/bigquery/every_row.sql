{# All rows of a table that cannot be read without a filter, in the words that dbt uses for that. #}
where ({{ column | column }} is null or {{ column | column }} is not null)
