{# Each statement has to see what others committed before it, whatever the server's default is. #}
begin isolation level read committed
