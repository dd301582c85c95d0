alter session set query_tag = 'snowplow-backfill promote'
