select case when not (
  {{ condition }}
) then error({{ message | literal }}) end as checked
