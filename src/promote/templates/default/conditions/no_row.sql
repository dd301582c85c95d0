(select count(*) from {{ prod }} where model = {{ model | literal }}) = 0
