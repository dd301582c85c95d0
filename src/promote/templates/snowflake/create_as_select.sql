create {% if or_replace %}or replace {% endif %}{% if transient %}transient {% endif %}table {% if if_not_exists %}if not exists {% endif %}{{ target }}
{% if layout.cluster_by %}
cluster by ({{ layout.cluster_by }})
{% endif %}
{% if description %}
comment = {{ description | literal }}
{% endif %}
{% if kept %}
{# Of the table that is replaced. #}
{{ kept }}
{% endif %}
as select * from {{ source }}{% if only_rows %} {{ only_rows }}{% endif %}
