alter table {{ table }} cluster by ({{ columns }})
