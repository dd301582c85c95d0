alter table {{ table }} alter {{ sort_key }}
