select hash_agg(*) from {{ of }}
