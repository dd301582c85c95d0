alter table {{ table }} resume recluster
