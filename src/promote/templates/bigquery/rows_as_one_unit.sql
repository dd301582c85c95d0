{# A transaction stays within one script, which has to be sent as one. #}
begin
  begin transaction;
{% for statement in statements %}
  {{ statement | indented }};
{% endfor %}
  commit transaction;
exception when error then
  rollback transaction;
  raise;
end
