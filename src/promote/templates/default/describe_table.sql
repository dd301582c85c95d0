comment on table {{ target }} is {{ description | literal }}
