comment on column {{ target }}.{{ column | column }} is {{ description | literal }}
