//! Redshift.

use super::{Bad, bad};
use crate::support::Validator::{Pglast, Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "begin",
    r#"lock table "prod"."shop_manifest""#,
    r#"create table "prod"."t__promote" (like "stg"."t" including defaults)"#,
    r#"create table "prod"."t" distkey (id) sortkey (start_tstamp) as select * from "stg"."t""#,
    r#"create table "prod"."t" diststyle even compound sortkey (a, b) as select * from "stg"."t""#,
    r#"create table "prod"."t" diststyle all sortkey auto as select * from "stg"."t""#,
    r#"alter table "prod"."t__promote" alter sortkey (start_tstamp, id)"#,
    r#"alter table "prod"."t__promote" alter compound sortkey (start_tstamp)"#,
    r#"alter table "prod"."t__promote" alter sortkey auto"#,
    r#"alter table "prod"."t__promote" alter distkey id"#,
    r#"alter table "prod"."t__promote" alter diststyle all"#,
    r#"alter table "prod"."t" append from "stg"."t""#,
    r#"insert into "prod"."t" ("id", "day") select "id", "day" from "stg"."t""#,
    r#"alter table "prod"."t__promote" rename to "t""#,
    r#"insert into "prod"."shop_manifest" (model, last_success)
select s.model, s.last_success
from "stg"."shop_manifest" as s
where s.model in ('carts')
  and s.last_success = timestamp '2023-10-11 10:11:12.123456'
  and not exists (select 1 from "prod"."shop_manifest" as t where t.model = s.model)"#,
    r#"select 1 / case when (
  (select count(*) from "prod"."t") = (select count(*) from "stg"."t")
) then 1 else 0 end as "rows_match""#,
    r#"select sum(fnv_hash("day", fnv_hash("id"))::numeric(38, 0)) from "stg"."t""#,
    r#"grant select on "prod"."t" to group analysts"#,
    r#"grant select on "prod"."t" to ann, group analysts"#,
    r#"grant select on "prod"."t" to role analysts"#,
    r#"comment on table "prod"."t" is 'it''s'"#,
    r#"drop table if exists "prod"."t__promote""#,
    r#"drop table "prod"."t__bk_20231011""#,
    "commit",
    r#"analyze "prod"."t""#,
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "alter table a.b renam to c"),
    bad("a bracket is open", "create table a.b (like c.d including defaults"),
    bad("Snowflake's clone", "create table a.b clone c.d").accepted_by(&[Sqlglot]),
    bad("BigQuery's copy", "create table a.b copy c.d").accepted_by(&[Sqlglot]),
    bad("backticks", "select * from `a`.`b`"),
    bad("Postgres' modes of locks", "lock table a.b in share row exclusive mode").accepted_by(&[Pglast]),
    bad("Postgres' blocks", "do $x$ begin raise exception 'x'; end $x$").accepted_by(&[Sqlfluff, Pglast]),
    bad("a move to another schema", "alter table a.b set schema c").accepted_by(&[Sqlfluff, Pglast]),
    bad(
        "everything that LIKE includes in \
         Postgres",
        "create table a.b (like c.d including \
                                                      all)",
    )
    .accepted_by(&[Pglast, Sqlglot]),
    bad(
        "a conflict's \
         clause",
        "insert into a.b (c) values (1) on conflict do \
                                nothing",
    )
    .accepted_by(&[Pglast, Sqlglot]),
    bad("Snowflake's swap", "alter table a.b swap with c.d").accepted_by(&[Sqlglot]),
    bad("Spark's source", "create table a.b using iceberg as select 1 as c").accepted_by(&[Pglast, Sqlglot]),
    bad("no key", "create table a.b distkey () as select 1 as c"),
    bad(
        "an alias of MERGE's \
         target",
        "merge into a.b as t using c.d on t.x = d.x when matched then update \
                                       set x = d.x when not matched then insert values \
                                       (d.x)",
    )
    .accepted_by(&[Pglast, Sqlfluff, Sqlglot]),
    bad("a list of values for a table", "select * from (values (1)) as t")
        .accepted_by(&[Pglast, Sqlfluff, Sqlglot]),
];
