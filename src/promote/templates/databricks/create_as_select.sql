create {% if or_replace %}or replace {% endif %}table {% if if_not_exists %}if not exists {% endif %}{{ target }}
{% if format %}
using {{ format }}
{% endif %}
{% if layout.partition_by %}
partitioned by ({{ layout.partition_by }})
{% endif %}
{% if layout.is_clustered_by_choice %}
cluster by auto
{% elif layout.cluster_by %}
cluster by ({{ layout.cluster_by }})
{% endif %}
{% if layout.buckets %}
clustered by {{ layout.buckets }}
{% endif %}
{% if location %}
location {{ location | literal }}
{% endif %}
{% if description %}
comment {{ description | literal }}
{% endif %}
{% if layout.properties %}
tblproperties ({% for key, value in layout.properties | items %}{{ key | literal }} = {{ value | literal }}{% if not loop.last %}, {% endif %}{% endfor %})
{% endif %}
as select * from {{ source }}{% if only_rows %} {{ only_rows }}{% endif %}
