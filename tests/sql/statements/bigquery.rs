//! BigQuery.

use super::{Bad, bad};
use crate::support::Validator::{GoogleSql, Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "create table if not exists `p`.`prod`.`t` copy `p`.`stg`.`t`",
    "create or replace table `p`.`prod`.`t` copy `p`.`stg`.`t`",
    "create table if not exists `p`.`prod`.`t` clone `p`.`stg`.`t`",
    "create table if not exists `p`.`prod`.`t`
partition by timestamp_trunc(start_tstamp, day)
cluster by user_identifier, session_identifier
options (description = 'it\\'s')
as select * from `p`.`stg`.`t`",
    "alter table `p`.`prod`.`t` set options (expiration_timestamp = null, partition_expiration_days = null)",
    "alter table `p`.`prod`.`t` set options (description = 'it\\'s', enable_change_history = false, \
     expiration_timestamp = timestamp_add(current_timestamp(), interval 24 hour), labels = [], tags = \
     [('p/env', 'prod')])",
    "create or replace table `p`.`prod`.`t` copy `p`.`stg`.`t` options (kms_key_name = \
     'projects/p/locations/eu/keyRings/r/cryptoKeys/k')",
    "assert (\n  (select count(*) from `p`.`prod`.`t`) = (select count(*) from `p`.`stg`.`t`)\n) as 'not the \
     same'",
    "begin transaction",
    "update `p`.`prod`.`shop_manifest` set last_success = last_success where true",
    "insert into `p`.`prod`.`shop_manifest` (model, last_success)
select s.model, s.last_success
from `p`.`stg`.`shop_manifest` as s
where s.model in ('carts')
  and s.last_success = timestamp '2023-10-11 10:11:12.123456+00'
  and not exists (select 1 from `p`.`prod`.`shop_manifest` as t where t.model = s.model)",
    "commit transaction",
    "begin
  begin transaction;
  update `p`.`prod`.`shop_manifest` set last_success = last_success where true;
  assert (select count(*) from `p`.`prod`.`shop_manifest` where model = 'carts') = 1 as 'doubled';
  commit transaction;
exception when error then
  rollback transaction;
  raise;
end",
    "select cast((select sum(cast(farm_fingerprint(to_json_string(t)) as bignumeric)) from `p`.`stg`.`t` as \
     t) as string) as staging",
    "select cast((select format_timestamp('%Y-%m-%d %H:%M:%E6S', max(last_success), 'UTC') \
         from `p`.`prod`.`shop_manifest` where model = 'carts' having count(*) = 1) as string) as prod",
    "grant `roles/bigquery.dataViewer` on table `p`.`prod`.`t` to \"user:ann@example.com\"",
    "delete from `p`.`prod`.`shop_manifest` where model in ('carts')",
    "drop table if exists `p`.`prod`.`t`",
    "drop table `p`.`prod`.`t__bk_20231011`",
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "create table if not exists `p`.`d`.`t` copi `p`.`e`.`t`"),
    bad("a bracket is open", "assert ((select 1) = 1 as 'x'"),
    bad("Postgres' like", "create table `p`.`d`.`t` (like `p`.`e`.`t`)").accepted_by(&[Sqlglot]),
    bad("Spark's options", "alter table `p`.`d`.`t` set tblproperties ('labels' = 'x')")
        .accepted_by(&[Sqlglot]),
    bad("the pairs are not closed", "alter table `p`.`d`.`t` set options (labels = [('team', 'web'))"),
    bad(
        "a time without zone",
        "insert into `p`.`d`.`shop_manifest` (model, last_success) values ('a', datetime '2023-10-11 \
         10:11:12')",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "a time without zone is compared",
        "select 1 from `p`.`d`.`shop_manifest` where last_success = datetime '2023-10-11 10:11:12'",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "a column that is not there",
        "update `p`.`d`.`shop_manifest` set last_succes = last_success where true",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "an update without \
         condition",
        "update `p`.`d`.`shop_manifest` set last_success = \
                                        last_success",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "a number as an \
         assertion",
        "assert (select count(*) from `p`.`d`.`t`) as \
                                     'x'",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad("a quote that is doubled", "assert (1 = 1) as 'it''s'"),
    bad(
        "a cluster of a column that is not there",
        "create table `p`.`d`.`t` cluster by nobody as select * from `p`.`e`.`t`",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad(
        "the new name has a \
         dataset",
        "alter table `p`.`d`.`t` rename to \
                                       `e`.`t`",
    )
    .accepted_by(&[GoogleSql, Sqlfluff, Sqlglot]),
    bad(
        "Snowflake's \
         transient",
        "create transient table `p`.`d`.`t` clone \
                                  `p`.`e`.`t`",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad("Databricks' clone", "create table `p`.`d`.`t` deep clone `p`.`e`.`t`"),
    bad("Postgres' lock", "lock table `p`.`d`.`t` in share mode"),
    bad(
        "Spark's \
         assertion",
        "select assert_true((select count(*) from `p`.`d`.`t`) = 1, \
                              'x')",
    )
    .accepted_by(&[Sqlfluff, Sqlglot]),
    bad("a block is open", "begin begin transaction; commit transaction;").accepted_by(&[Sqlfluff]),
    bad(
        "wrong within a \
         block",
        "begin update `p`.`d`.`shop_manifest` set last_success = 1 where true; \
                                 end",
    )
    .accepted_by(&[Sqlfluff]),
    bad(
        "a clone that \
         replaces",
        "create or replace table `p`.`d`.`t` clone \
                                  `p`.`e`.`t`",
    )
    .accepted_by(&[GoogleSql, Sqlfluff, Sqlglot]),
];
