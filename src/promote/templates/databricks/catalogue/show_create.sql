show create table {{ table }}
