{# As many of staging's latest rows. #}
(select count(*) from {{ prod }} where {{ date_column }} = (select max({{ date_column }}) from {{ staging }})) = (select count(*) from {{ staging }} where {{ date_column }} = (select max({{ date_column }}) from {{ staging }}))
