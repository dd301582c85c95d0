alter table {{ table }} set tag {{ tags }}
