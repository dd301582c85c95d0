select lower(replace(policy_kind, '_', ' ')) || ' ' || policy_name || coalesce(' on ' || ref_column_name, '')
from table(
  {{ database }}.information_schema.policy_references(ref_entity_name => '{{ table }}', ref_entity_domain => 'table')
)
