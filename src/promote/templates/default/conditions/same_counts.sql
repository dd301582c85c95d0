(select count(*) from {{ prod }}) = (select count(*) from {{ staging }})
