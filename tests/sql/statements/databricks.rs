//! Databricks.

use super::{Bad, bad};
use crate::support::Validator::{Sail, Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "set time zone 'UTC'",
    "create table if not exists `main`.`prod`.`t` deep clone `main`.`stg`.`t`",
    "create or replace table `main`.`prod`.`t` deep clone `main`.`stg`.`t`",
    "create table if not exists `main`.`prod`.`t`
using delta
partitioned by (start_tstamp_date)
comment 'it\\'s'
tblproperties ('delta.autoOptimize.optimizeWrite' = 'true')
as select * from `main`.`stg`.`t`",
    "merge into `main`.`prod`.`shop_manifest` as t
using (
  select s.model, s.last_success
  from `main`.`stg`.`shop_manifest` as s
  where s.model in ('carts')
    and s.last_success = timestamp '2023-10-11 10:11:12.123456Z'
) as s
on t.model = s.model
when not matched then insert (model, last_success) values (s.model, s.last_success)",
    "select assert_true(\n  (select count(*) from `main`.`prod`.`t`) = 1,\n  'it\\'s not there'\n)",
    "select sum(cast(xxhash64(*) as decimal(38, 0))) from `main`.`prod`.`t`",
    "select assert_true(
  (select typeof(struct(t.*)) from (select 1 as one) as o left join `main`.`prod`.`t` as t on false) = (select typeof(struct(t.*)) from (select 1 as one) as o left join `main`.`stg`.`t` as t on false),
  'the columns differ'
)",
    "select cast(unix_micros(max(last_success)) as string) from `main`.`prod`.`shop_manifest`",
    "create table if not exists `main`.`prod`.`t` deep clone `main`.`stg`.`t` location 's3://b/t'",
    "create table if not exists `main`.`prod`.`t`
using delta
cluster by auto
location 's3://b/t'
as select * from `main`.`stg`.`t`",
    "alter table `main`.`prod`.`t` cluster by auto",
    "alter table `main`.`prod`.`t` cluster by (id, day)",
    "alter table `main`.`prod`.`t` set tags ('team' = 'it\\'s', 'checked' = '')",
    "alter table `main`.`prod`.`t` alter column `id` set tags ('pii' = 'it\\'s', 'checked' = '')",
    "alter table `main`.`prod`.`t` set tblproperties ('delta.autoOptimize.optimizeWrite' = 'true')",
    "comment on table `main`.`prod`.`t` is 'x'",
    "grant select on table `main`.`prod`.`t` to `analysts`",
    "delete from `main`.`prod`.`shop_manifest` where model in ('carts')",
    "drop table if exists `main`.`prod`.`t`",
    "drop table `main`.`prod`.`t__bk_20231011`",
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "create table if not exist `m`.`d`.`t` deep clone `m`.`e`.`t`"),
    bad(
        "a bracket is open",
        "create table `m`.`d`.`t` using delta partitioned by (a as select * from `m`.`e`.`t`",
    ),
    bad("BigQuery's copy", "create table `m`.`d`.`t` copy `m`.`e`.`t`").accepted_by(&[Sqlglot]),
    bad("Snowflake's transient", "create transient table `m`.`d`.`t` clone `m`.`e`.`t`")
        .accepted_by(&[Sqlglot]),
    bad("Snowflake's tags", "alter table `m`.`d`.`t` set tag team = 'web'").accepted_by(&[Sqlglot]),
    bad("properties without brackets", "alter table `m`.`d`.`t` set tblproperties 'a' = 'b'"),
    bad("Postgres' like", "create table `m`.`d`.`t` (like `m`.`e`.`t` including all)")
        .accepted_by(&[Sqlglot]),
    bad("BigQuery's partitions", "create table `m`.`d`.`t` partition by a as select * from `m`.`e`.`t`")
        .accepted_by(&[Sqlglot]),
    bad("BigQuery's assertion", "assert (1 = 1) as 'x'").accepted_by(&[Sqlglot]),
    bad("Postgres' lock", "lock table `m`.`d`.`t` in share mode"),
    bad("Postgres' block", "do $x$ begin raise exception 'x'; end $x$"),
    bad("DuckDB's error", "select case when not (1 = 1) then error('x') end as checked")
        .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "a MERGE's branch without THEN",
        "merge into `m`.`d`.`t` as t using `m`.`e`.`t` as s on t.a = s.a when not matched insert *",
    )
    .accepted_by(&[Sqlglot]),
    bad("a conflict's clause", "insert into `m`.`d`.`t` select * from `m`.`e`.`t` on conflict do nothing")
        .accepted_by(&[Sqlglot]),
    bad("two principals", "grant select on table `m`.`d`.`t` to `a`, `b`").accepted_by(&[Sqlfluff, Sqlglot]),
    bad("a time that depends on the session", "select * from d.t where a = timestamp '2023-10-11 10:11:12'")
        .accepted_by(&[Sail, Sqlfluff, Sqlglot]),
    bad("two texts for one", "select assert_true(1 = 1, 'it''s')").accepted_by(&[Sail, Sqlfluff, Sqlglot]),
];
