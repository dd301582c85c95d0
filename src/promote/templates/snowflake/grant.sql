grant {{ privilege }} on table {{ table }} to role {{ grantees | list }}
