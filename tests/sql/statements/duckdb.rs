//! DuckDB.

use super::{Bad, bad};
use crate::support::Validator::{Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "begin transaction",
    r#"create table "db"."prod"."t" as select * from "db"."stg"."t""#,
    r#"create table "db"."prod"."t" (id bigint not null, "day" date, primary key (id))"#,
    r#"insert into "db"."prod"."t" ("id", "day") select "id", "day" from "db"."stg"."t""#,
    r#"insert into "db"."prod"."shop_manifest" (model, last_success)
select s.model, s.last_success
from "db"."stg"."shop_manifest" as s
where s.model in ('carts')
  and s.last_success = timestamp '2023-10-11 10:11:12.123456'
  and not exists (select 1 from "db"."prod"."shop_manifest" as t where t.model = s.model)"#,
    r#"select case when not (
  (select count(*) from "db"."prod"."t") = 1
) then error('it''s not there') end as checked"#,
    r#"alter table "db"."prod"."t" rename to "t__bk_20231011""#,
    r#"create unique index t_id on "db"."prod"."t" (id)"#,
    r#"drop index "db"."prod".t_id"#,
    r#"comment on table "db"."prod"."t" is 'it''s'"#,
    r#"comment on column "db"."prod"."t"."id" is 'x'"#,
    r#"select sum(hash(t)) from "db"."prod"."t" as t"#,
    r#"delete from "db"."prod"."shop_manifest" where model in ('carts')"#,
    r#"drop table "db"."prod"."t""#,
    "commit",
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "creat table a.b as select 1 as c"),
    bad("a bracket is open", "insert into a.b (c select 1"),
    bad("Postgres' like", "create table a.b (like c.d including all)"),
    bad("a move to another schema", "alter table a.b set schema c").accepted_by(&[Sqlfluff]),
    bad("Postgres' lock", "lock table a.b in share mode").accepted_by(&[Sqlfluff]),
    bad("Postgres' block", "do $x$ begin raise exception 'x'; end $x$").accepted_by(&[Sqlfluff]),
    bad("Snowflake's clone", "create table a.b clone c.d").accepted_by(&[Sqlglot]),
    bad("BigQuery's copy", "create table a.b copy c.d").accepted_by(&[Sqlglot]),
    bad("Spark's source", "create table a.b using iceberg as select 1 as c"),
    bad("BigQuery's assertion", "assert (1 = 1) as 'x'").accepted_by(&[Sqlglot]),
    bad("the new name has a schema", "alter table a.b rename to c.d").accepted_by(&[Sqlfluff, Sqlglot]),
];
