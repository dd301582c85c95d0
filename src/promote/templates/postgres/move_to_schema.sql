alter table {{ table }} set schema {{ to.schema_alone }}
