//! Spark with Iceberg.

use super::{Bad, bad};
use crate::support::Validator::{Sail, Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "create table if not exists prod.t
using iceberg
partitioned by (start_tstamp_date)
comment 'it\\'s'
tblproperties ('write.format.default' = 'parquet')
as select * from stg.t",
    "create or replace table prod.t using iceberg partitioned by (days(start_tstamp)) as select * from \
     prod.t__bk",
    "merge into prod.shop_manifest as t
using (
  select s.model, s.last_success
  from stg.shop_manifest as s
  where s.model in ('carts')
    and s.last_success = timestamp '2023-10-11 10:11:12.123456Z'
) as s
on t.model = s.model
when matched then update set last_success = t.last_success
when not matched then insert (model, last_success) values (s.model, s.last_success)",
    "select assert_true(\n  (select count(*) from prod.t) = 1,\n  'it\\'s not there'\n)",
    "select sum(cast(xxhash64(*) as decimal(38, 0))) from prod.t",
    "select assert_true(
  (select typeof(struct(t.*)) from (select 1 as one) as o left join prod.t as t on false) = (select typeof(struct(t.*)) from (select 1 as one) as o left join stg.t as t on false),
  'the columns differ'
)",
    "select cast(unix_micros(max(last_success)) as string) from prod.shop_manifest",
    "alter table stg.t rename to prod.t",
    "delete from prod.shop_manifest where model in ('carts')",
    "drop table if exists prod.t",
    "drop table prod.t__bk_20231011",
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "create table if not exist d.t using iceberg as select * from e.t"),
    bad("a bracket is open", "create table d.t using iceberg partitioned by (a as select * from e.t"),
    bad("the source comes too late", "create table d.t as select * from e.t using iceberg")
        .accepted_by(&[Sqlglot]),
    bad("Databricks' clone", "create table d.t deep clone e.t"),
    bad("BigQuery's copy", "create table d.t copy e.t").accepted_by(&[Sqlglot]),
    bad("Snowflake's transient", "create transient table d.t as select * from e.t").accepted_by(&[Sqlglot]),
    bad("Postgres' like", "create table d.t (like e.t including all)").accepted_by(&[Sqlglot]),
    bad("BigQuery's partitions", "create table d.t using iceberg partition by (a) as select * from e.t")
        .accepted_by(&[Sqlglot]),
    bad("BigQuery's assertion", "assert (1 = 1) as 'x'").accepted_by(&[Sqlglot]),
    bad("a transaction", "begin transaction").accepted_by(&[Sqlglot]),
    bad("Postgres' lock", "lock table d.t in share mode"),
    bad("DuckDB's error", "select case when not (1 = 1) then error('x') end as checked")
        .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "a MERGE's branch without THEN",
        "merge into d.t as t using e.t as s on t.a = s.a when not matched insert *",
    )
    .accepted_by(&[Sqlglot]),
    bad("a time that depends on the session", "select * from d.t where a = timestamp '2023-10-11 10:11:12'")
        .accepted_by(&[Sail, Sqlfluff, Sqlglot]),
    bad("two texts for one", "select assert_true(1 = 1, 'it''s')").accepted_by(&[Sail, Sqlfluff, Sqlglot]),
];
