update {{ prod }} set {% if has_first_success %}first_success = {% if row.first_success %}{{ row.first_success | timestamp }}{% else %}null{% endif %}, {% endif %}last_success = {{ row.last_success | timestamp }}
where model = {{ row.model | literal }} and last_success = {{ recorded | timestamp }}
