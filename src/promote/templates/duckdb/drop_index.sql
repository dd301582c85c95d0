drop index {{ table.schema }}.{{ index }}
