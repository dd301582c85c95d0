delete from {{ prod }}
where model in ({{ added | literals }})
{% if recorded %}
  and last_success = {{ recorded | timestamp }}
{% else %}
  and last_success in (select s.last_success from {{ staging }} as s where s.model in ({{ added | literals }}))
{% endif %}
