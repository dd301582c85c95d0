select count(*) from {{ of }}
