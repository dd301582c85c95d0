{# A whole row cannot be hashed: the hash of each column is the seed of the next one. #}
{% if columns %}
select sum(
{%- for column in columns | reverse %}fnv_hash({{ column | column }}{% if not loop.last %}, {% endif %}{% endfor %}
{%- for column in columns %}){% endfor %}::numeric(38, 0)) from {{ of }}
{% else %}
select count(*) from {{ of }}
{% endif %}
