{# The hash depends on the order of columns, so they are named. #}
select sum(cast(xxhash64({% if columns %}{{ columns | columns }}{% else %}*{% endif %}) as decimal(38, 0))) from {{ of }}
