alter table {{ table }} unset tag {{ tags | list }}
