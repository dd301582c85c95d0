delete from {{ staging }}
where model in ({{ moved | literals }})
