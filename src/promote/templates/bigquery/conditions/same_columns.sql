{# Types contain their sizes. No column at all means that the catalogue does not know the table by this name. #}
(select count(*) from (
    {{ staging_columns }}
  ) as c) > 0
  and (select count(*) from (
    {{ staging_columns }}
  ) as s full outer join (
    {{ prod_columns }}
  ) as t on s.column_name = t.column_name and s.ordinal_position = t.ordinal_position and s.data_type = t.data_type where s.column_name is null or t.column_name is null) = 0
