create {% if or_replace %}or replace {% endif %}table {% if if_not_exists %}if not exists {% endif %}{{ target }}
{% if layout.partition_by %}
partition by {{ layout.partition_by }}
{% endif %}
{% if layout.cluster_by %}
cluster by {{ layout.cluster_by }}
{% endif %}
{% if layout.options %}
options ({{ layout.options | list }})
{% endif %}
as select * from {{ source }}{% if only_rows %} {{ only_rows }}{% endif %}
