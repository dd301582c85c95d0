alter table {{ table }} set change_tracking = {% if is_on %}true{% else %}false{% endif %}
