{# A column of a model's row as text; nothing where there is not exactly one row. #}
select {{ time }} from {{ of }} where model = {{ model | literal }} having count(*) = 1
