//! Snowflake.

use super::{Bad, bad};
use crate::support::Validator::{Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "alter session set timezone = 'UTC'",
    "alter session set query_tag = 'snowplow-backfill promote'",
    "create transient table if not exists DB.PROD.T clone DB.STG.T",
    "create or replace transient table DB.PROD.T clone DB.STG.T copy grants",
    "create table DB.PROD.T clone DB.STG.T",
    "create or replace table DB.PROD.T cluster by (to_date(START_TSTAMP)) comment = 'x' copy grants as \
     select * from DB.STG.T",
    "create or replace transient table DB.PROD.T clone DB.STG.T copy grants copy tags",
    "alter table DB.PROD.T cluster by (to_date(START_TSTAMP), ID)",
    "alter table DB.PROD.T resume recluster",
    "alter table DB.PROD.T suspend recluster",
    "alter table DB.PROD.T unset data_retention_time_in_days",
    "alter table DB.PROD.T unset tag \"GOV\".\"PUBLIC\".\"STAGE\", TEAM",
    "alter table DB.PROD.T set tag GOV.PUBLIC.TEAM = 'web'",
    "alter table DB.PROD.T set change_tracking = true",
    "comment on table DB.PROD.T is 'it''s'",
    "alter table DB.PROD.T swap with DB.PROD.T__PROMOTE",
    "alter table DB.PROD.T__PROMOTE rename to DB.PROD.T__BK",
    "begin transaction",
    "update DB.PROD.SHOP_MANIFEST set last_success = last_success",
    "merge into DB.PROD.SHOP_MANIFEST as t
using (
  select s.model, s.last_success
  from DB.STG.SHOP_MANIFEST as s
  where s.model in ('carts')
    and s.last_success = to_timestamp_ntz('2023-10-11 10:11:12.123456')
) as s
on t.model = s.model
when not matched then insert (model, last_success) values (s.model, s.last_success)",
    "select 1 / case when (\n  (select count(*) from DB.PROD.T) = 1\n) then 1 else 0 end as \
     \"prod_is_complete\"",
    "select hash_agg(*) from DB.PROD.T",
    "grant select on table DB.PROD.T to role ANALYSTS",
    "delete from DB.PROD.SHOP_MANIFEST where model in ('carts')",
    "drop table if exists DB.PROD.T",
    "drop table DB.PROD.T__BK_20231011 restrict",
    "undrop table DB.PROD.T",
    "commit",
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "create transiet table a.b.c clone a.d.c"),
    bad("a bracket is open", "create table a.b.c cluster by (to_date(d) as select * from a.d.c"),
    bad("BigQuery's copy", "create table a.b.c copy a.d.c").accepted_by(&[Sqlglot]),
    bad("Databricks' clone", "create table a.b.c deep clone a.d.c"),
    bad("Postgres' like", "create table a.b.c (like a.d.c including all)").accepted_by(&[Sqlglot]),
    bad("Postgres' lock", "lock table a.b.c in share mode"),
    bad("Databricks' tags", "alter table a.b.c set tags ('team' = 'web')").accepted_by(&[Sqlglot]),
    bad("Postgres' block", "do $x$ begin raise exception 'x'; end $x$"),
    bad("Spark's source", "create table a.b.c using iceberg as select 1 as d").accepted_by(&[Sqlglot]),
    bad("backticks", "select * from `a`.`b`"),
    bad("BigQuery's assertion", "assert (1 = 1) as 'x'").accepted_by(&[Sqlglot]),
    bad("BigQuery's options", "alter table a.b.c set options (expiration_timestamp = null)"),
    bad("a move to another schema", "alter table a.b.c set schema d").accepted_by(&[Sqlfluff]),
    bad(
        "a source in MERGE is missing",
        "merge into a.b.c as t on t.x = s.x when not matched then insert (x) values (s.x)",
    ),
    bad(
        "a MERGE's insert without values",
        "merge into a.b.c as t using d as s on t.x = s.x when not matched then insert (x)",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad("two grantees", "grant select on table a.b.c to role D, \"E f\"").accepted_by(&[Sqlfluff, Sqlglot]),
    bad("two grantees, each with its word", "grant select on table a.b.c to role D, role E")
        .accepted_by(&[Sqlglot]),
    bad(
        "a time that depends on the session",
        "select * from a.b.c where d = timestamp '2023-10-11 10:11:12'",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
];
