{# Prod holds no row of an added model but those that an earlier execution of the same script wrote. #}
{% if recorded %}
(select count(*) from {{ prod }} where model in ({{ added | literals }}) and last_success <> {{ recorded | timestamp }}) = 0
{% else %}
(select count(*) from {{ prod }} as t join {{ staging }} as s on s.model = t.model where t.model in ({{ added | literals }}) and t.last_success <> s.last_success) = 0
{% endif %}
