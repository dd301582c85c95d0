{# A parameter that is set on a table comes along with its clone. #}
alter table {{ table }} unset data_retention_time_in_days
