assert (
  {{ condition }}
) as {{ message | literal }}
