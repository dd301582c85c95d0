do $check$
begin
  if not (
    {{ condition }}
  ) then
    raise exception using message = {{ message | literal }};
  end if;
end
$check$
