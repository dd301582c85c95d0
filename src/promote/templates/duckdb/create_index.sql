{# The statement that made another table's index, for this one. #}
{{ head }} on {{ target }} {{ definition }}
