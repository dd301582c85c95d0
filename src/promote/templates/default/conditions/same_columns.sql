{# The catalogue lists both tables' columns. No column at all means that it does not know the table by this name. #}
(select count(*) from (
    {{ staging_columns }}
  ) as c) > 0
  and (select count(*) from (
    {{ staging_columns }}
  ) as s full outer join (
    {{ prod_columns }}
  ) as t on s.column_name = t.column_name and s.ordinal_position = t.ordinal_position and s.data_type = t.data_type and coalesce(s.character_maximum_length, -1) = coalesce(t.character_maximum_length, -1) and coalesce(s.numeric_precision, -1) = coalesce(t.numeric_precision, -1) and coalesce(s.numeric_scale, -1) = coalesce(t.numeric_scale, -1) where s.column_name is null or t.column_name is null) = 0
