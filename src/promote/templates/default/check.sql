{# There is no function that raises an error. The division by zero does, and the column's name says why. #}
select 1 / case when (
  {{ condition }}
) then 1 else 0 end as {{ label | column }}
