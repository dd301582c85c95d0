alter table {{ table }} alter {{ distribution }}
