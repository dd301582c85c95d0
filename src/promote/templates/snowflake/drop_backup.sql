{# Without the word, foreign keys of other tables to this one would go along. #}
drop table {{ table }} restrict
