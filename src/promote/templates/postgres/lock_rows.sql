{# Conflicts with itself and with every write, but not with reads. #}
lock table {{ prod }} in share row exclusive mode
