{# Prod holds no row of an added model. #}
(select count(*) from {{ prod }} where model in ({{ added | literals }})) = 0
