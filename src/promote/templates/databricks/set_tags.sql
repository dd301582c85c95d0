alter table {{ table }} set tags ({{ tags }})
