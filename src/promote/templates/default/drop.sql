drop table {{ table }}
