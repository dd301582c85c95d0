grant {{ privilege }} on {{ table }} to {{ grantees | list }}
