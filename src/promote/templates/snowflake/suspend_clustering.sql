alter table {{ table }} suspend recluster
