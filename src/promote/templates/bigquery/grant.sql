grant `{{ privilege }}` on table {{ table }} to {{ grantees | list }}
