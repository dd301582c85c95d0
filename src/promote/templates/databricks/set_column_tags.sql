alter table {{ table }} alter column {{ column | column }} set tags ({{ tags }})
