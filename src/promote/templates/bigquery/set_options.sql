alter table {{ table }} set options ({{ options | list }})
