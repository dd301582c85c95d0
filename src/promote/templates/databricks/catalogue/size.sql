{# One of the rows is called Statistics. #}
describe table extended {{ table }}
