{# Policies of the schema, the catalog and the table itself, by governed tags. #}
show effective policies on table {{ table }}
