alter session set timezone = 'UTC'
