alter table {{ table }} set tblproperties ({% for key, value in properties | items %}{{ key | literal }} = {{ value | literal }}{% if not loop.last %}, {% endif %}{% endfor %})
