{# Without rows there is no digest. #}
coalesce(({{ prod_digest }}), 0) = coalesce(({{ staging_digest }}), 0)
