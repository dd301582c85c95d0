{# `alter table` can change a key, but neither give one to a table nor take it. #}
create {% if or_replace %}or replace {% endif %}table {% if if_not_exists %}if not exists {% endif %}{{ target }} copy {{ source }}{% if encryption_key %} options (kms_key_name = {{ encryption_key }}){% endif %}
