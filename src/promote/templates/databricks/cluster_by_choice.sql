alter table {{ table }} cluster by auto
