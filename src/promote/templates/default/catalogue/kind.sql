{# What kind of relation it is, in dbt's word. #}
select '{{ kind }}' as kind
