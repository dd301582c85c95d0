select assert_true(
  {{ condition }},
  {{ message | literal }}
)
