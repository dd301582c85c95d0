//! Postgres.

use super::{Bad, bad};
use crate::support::Validator::{Sqlfluff, Sqlglot};

pub const GOOD: &[&str] = &[
    "begin isolation level read committed",
    "set local lock_timeout = '60s'",
    r#"lock table "prod"."shop_manifest" in share row exclusive mode"#,
    r#"do $still$
begin
  lock table "stg"."t", "stg"."shop_manifest" in share mode;
exception when insufficient_privilege then
  raise notice 'staging is not locked: this user may only read it';
end
$still$"#,
    r#"create table "prod"."t" (like "stg"."t" including all)"#,
    r#"create table "prod"."t" as select * from "stg"."t""#,
    r#"insert into "prod"."t" ("id", "day") overriding system value select "id", "day" from "stg"."t""#,
    r#"alter table "stg"."t" set schema "prod""#,
    r#"alter table "prod"."t" rename to "t__bk_20231011""#,
    r#"insert into "prod"."shop_manifest" (model, last_success)
select s.model, s.last_success
from "stg"."shop_manifest" as s
where s.model in ('carts')
  and s.last_success = timestamp '2023-10-11 10:11:12.123456'
  and not exists (select 1 from "prod"."shop_manifest" as t where t.model = s.model)"#,
    r#"do $check$
begin
  if not (
    (select count(*) from "prod"."t") = (select count(*) from "stg"."t")
  ) then
    raise exception using message = 'it''s not there';
  end if;
end
$check$"#,
    "do $grants$
declare
  granted record;
begin
  for granted in select privilege_type from pg_class as c, aclexplode(c.relacl) as a loop
    execute format('grant %s on prod.t to x', granted.privilege_type);
  end loop;
end
$grants$",
    "select setval(pg_get_serial_sequence('\"prod\".\"t\"', 'id'), (select max(id) from \"prod\".\"t\"))",
    "select sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric) from \"prod\".\"t\" as t",
    r#"grant select on "prod"."t" to analysts, "Big Boss""#,
    r#"comment on table "prod"."t" is 'it''s'"#,
    r#"delete from "prod"."shop_manifest" where model = 'carts'"#,
    r#"drop table "prod"."t""#,
    "commit",
    r#"analyze "prod"."t""#,
];

pub const BAD: &[Bad] = &[
    bad("misspelt", "creat table a.b (like c.d including all)"),
    bad("a bracket is open", "create table a.b (like c.d including all"),
    bad("a quote is open", "comment on table a.b is 'x"),
    bad("Snowflake's clone", "create table a.b clone c.d").accepted_by(&[Sqlglot]),
    bad("BigQuery's copy", "create table a.b copy c.d").accepted_by(&[Sqlglot]),
    bad("Snowflake's transient", "create transient table a.b as select 1 as c"),
    bad("backticks", "select * from `a`.`b`"),
    bad("Redshift's key", "create table a.b distkey (c) as select 1 as c").accepted_by(&[Sqlglot]),
    bad("a mode that is none", "lock table a.b in share exclusive row mode"),
    bad("the new name has no schema", "alter table a.b rename to c.d").accepted_by(&[Sqlfluff, Sqlglot]),
    bad("BigQuery's assertion", "assert (1 = 1) as 'x'").accepted_by(&[Sqlglot]),
    bad("no condition", "insert into a.b (c) select c from d where"),
    bad(
        "PL/pgSQL misspelt within its dollars",
        "do $x$ begin if 1 = 2 then raise exeption 'x'; end if; end $x$",
    )
    .accepted_by(&[Sqlfluff]),
    bad(
        "SQL misspelt within PL/pgSQL",
        "do $x$ begin if (selec 1) = 2 then raise exception 'x'; end if; end $x$",
    )
    .accepted_by(&[Sqlfluff]),
    bad("PL/pgSQL's if is open", "do $x$ begin if 1 = 2 then raise exception 'x'; end $x$")
        .accepted_by(&[Sqlfluff]),
];
