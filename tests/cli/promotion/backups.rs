//! The backups that replacing a table leaves: listed, dropped, and what is kept, with real dbt.

use std::fs::{self, File};
use std::path::PathBuf;

use serde_json::Value;

use super::applied::running_in_prod;
use super::client::Client;
use super::dump::{assert_same, dump};
use super::shop;
use crate::support::{Engine, Lab, OLD, Output, PREVIOUS};

/// When the first of two promotions is made to look as if it was.
const LONG_AGO: &str = "20200101000000";

const OLD_VISITS: &str = "prod_reporting.\"Visits__bk_20200101000000\"";
const OLD_VIEWS: &str = "prod_derived.plain_views__bk_20200101000000";

fn folders(lab: &Lab) -> Vec<PathBuf> {
    let folder = fs::read_dir(lab.project().join("target/snowplow-backfill/promotions")).expect("records");
    let mut folders: Vec<_> = folder.map(|entry| entry.expect("one").path()).collect();
    folders.sort();
    folders
}

fn records(lab: &Lab) -> Vec<Value> {
    let texts = folders(lab).into_iter().filter_map(|folder| fs::read(folder.join("promotion.json")).ok());
    texts.map(|text| serde_json::from_slice(&text).expect("JSON")).collect()
}

fn replace(lab: &Lab) {
    let to = lab.target("prod");
    lab.tool(&[&["promote"], &shop::SELECT[..], &["--to", &to, "--replace", "--apply"]].concat()).success();
}

fn promotions(lab: &Lab, more: &[&str]) -> Output {
    lab.tool(&[&["promote", "--to", &lab.target("prod")], more].concat())
}

fn drop_backups(lab: &Lab, more: &[&str]) -> Output {
    promotions(lab, &[&["--drop-backups", "--older-than"], more].concat())
}

fn look(lab: &Lab) -> String {
    dump(&mut Client::new(lab.place()), lab.place().engine())
}

/// Prod's tables were replaced long ago.
fn replaced_long_ago(engine: Engine) -> Lab {
    let lab = shop::lab(&running_in_prod(engine));
    replace(&lab);
    let path = folders(&lab)[0].join("promotion.json");
    let text = fs::read_to_string(&path).expect("a record");
    let record: Value = serde_json::from_str(&text).expect("JSON");
    let names = record["witnesses"]["tables"].as_array().expect("tables").iter();
    let names: Vec<_> =
        names.map(|table| table["relation"]["identifier"].as_str().expect("a name").to_owned()).collect();
    let (_, digits) = names[0].rsplit_once('_').expect("digits");
    for (schema, model) in [("reporting", "Visits"), ("derived", "plain_views")] {
        lab.sql(&[&format!(
            "alter table prod_{schema}.\"{model}__bk_{digits}\" rename to \"{model}__bk_{LONG_AGO}\""
        )]);
    }
    let mut record: Value = serde_json::from_str(&text.replace(digits, LONG_AGO)).expect("JSON");
    record["at"] = "2020-01-01".into();
    fs::write(path, record.to_string()).expect("written");
    lab
}

fn listed_and_dropped(engine: Engine) {
    let lab = replaced_long_ago(engine);
    replace(&lab);
    // On Postgres, prod's view went along with the table that it reads.
    if engine == Engine::DuckDb {
        lab.sql(&[&format!(
            "create view prod_reporting.busy as select count(*) as visits from {OLD_VISITS}"
        )]);
    }
    let list = promotions(&lab, &["--list", "--format", "json"]).success();
    let list: Value = serde_json::from_str(&list.stdout).expect("a document");
    for (promotion, is_old) in [(&list[0], false), (&list[1], true)] {
        let backups = promotion["backup_tables"].as_array().expect("tables");
        assert_eq!(backups.len(), 2, "{promotion}");
        for backup in backups {
            assert_eq!(backup["exists"], true, "{backup}");
            assert_eq!(backup["age_seconds"].as_u64().expect("a number") > 86_400 * 365, is_old, "{backup}");
            match engine {
                Engine::DuckDb => assert!(backup["rows"].as_u64().expect("a number") >= 500, "{backup}"),
                Engine::Postgres => assert!(backup["bytes"].as_u64().expect("a number") > 8_000, "{backup}"),
            }
            let is_used = is_old && backup["model"] == "visits";
            let users = if is_used { vec!["the view prod_reporting.busy"] } else { Vec::new() };
            assert_eq!(backup["dependents"], Value::from(users), "{backup}");
        }
    }

    let before = look(&lab);
    let planned = drop_backups(&lab, &["7d"]).success();
    let drops: Vec<_> = planned.stdout.lines().filter(|line| line.starts_with("drop ")).collect();
    let database = lab.place().database();
    let expected = format!("drop table \"{database}\".\"prod_derived\".\"plain_views__bk_{LONG_AGO}\";");
    assert_eq!(drops, [expected], "{planned}");
    for words in [
        ": used by the view prod_reporting.busy\n",
        "younger than 7 days\n",
        "--rollback refuses to undo the promotion at 2020-01-01 00:00:00 UTC",
        "nothing was executed; add --apply to execute it\n",
    ] {
        assert!(planned.stderr.contains(words), "{words}: {planned}");
    }
    assert_same(&look(&lab), &before, "nothing has changed");

    // While something else is at work there, nothing is dropped.
    let locks = fs::read_dir(lab.project().join("target/snowplow-backfill/locks")).expect("locks");
    let locks: Vec<_> = locks.map(|lock| File::open(lock.expect("one").path()).expect("a file")).collect();
    for lock in &locks {
        lock.lock().expect("a lock");
    }
    let refused = drop_backups(&lab, &["7d", "--apply"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert_same(&look(&lab), &before, "nothing has changed");
    drop(locks);

    let applied = drop_backups(&lab, &["7d", "--apply"]).success();
    assert!(applied.stderr.contains("1/1 drop plain_views__bk_") && applied.stdout.is_empty(), "{applied}");
    let kept = lab.lines(
        "select count(*) from information_schema.tables where table_name like '%\\_\\_bk\\_%' escape '\\'",
    );
    assert_eq!(kept, "3");
    assert_eq!(lab.lines(&format!("select count(*) from {OLD_VISITS}")), "500");
    let folder = folders(&lab).pop().expect("a folder");
    assert!(fs::read_to_string(folder.join("drop.sql")).expect("a script").contains("drop table"));
    let list = promotions(&lab, &["--list"]).success();
    assert!(list.stdout.contains("  gone: dropped by --drop-backups at "), "{list}");
    let again = drop_backups(&lab, &["7d", "--apply"]).success();
    assert!(again.stderr.ends_with("nothing to drop\n"), "{again}");

    // The last promotion can be taken back, the first one no longer.
    promotions(&lab, &["--rollback"]).success();
    let list = promotions(&lab, &["--list"]).success();
    assert_eq!(list.stdout.matches("  gone: put back by the rollback\n").count(), 2, "{list}");
    let before = look(&lab);
    let refused = promotions(&lab, &["--rollback"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("--drop-backups dropped the tables that it replaced"), "{refused}");
    assert_same(&look(&lab), &before, "nothing has changed");
    assert_eq!(records(&lab)[0]["state"], "promoted");

    // Without prod's table, the backup is all there is.
    lab.sql(&["drop view prod_reporting.busy", "drop table prod_reporting.\"Visits\""]);
    let alone = drop_backups(&lab, &["0s", "--apply"]).success();
    assert!(alone.stderr.contains("so it may be the only copy"), "{alone}");
    lab.sql(&["create table prod_reporting.\"Visits\" (id integer)"]);
    drop_backups(&lab, &["0s", "--apply"]).success();
    let list = promotions(&lab, &["--list"]).success();
    assert_eq!(list.stdout.matches("  gone: ").count(), 4, "{list}");
}

#[test]
fn listed_and_dropped_on_duckdb() {
    listed_and_dropped(Engine::DuckDb);
}

#[test]
fn listed_and_dropped_on_postgres() {
    listed_and_dropped(Engine::Postgres);
}

/// dbt's words for a table.
#[test]
fn every_version_of_dbt_tells_of_backups() {
    for dbt in [PREVIOUS, OLD] {
        let lab = shop::lab_with(&running_in_prod(Engine::DuckDb), dbt);
        replace(&lab);
        let planned = drop_backups(&lab, &["0s"]).success();
        assert_eq!(planned.stdout.matches("\ndrop table ").count(), 2, "{planned}");
    }
}

/// What refers to a backup keeps it, also what the catalogue's questions do not ask for.
#[test]
fn what_postgres_needs_is_not_dropped() {
    let lab = replaced_long_ago(Engine::Postgres);
    lab.sql(&[
        "drop view prod_reporting.busy",
        &format!("create table prod_derived.ratings (view_id text references {OLD_VISITS} (view_id))"),
        &format!("create table prod_derived.more_views () inherits ({OLD_VIEWS})"),
        &format!("create table prod_derived.rows (one {OLD_VIEWS})"),
    ]);
    let planned = drop_backups(&lab, &["7d"]).success();
    for words in [
        "used by the foreign key of prod_derived.ratings (ratings_view_id_fkey)\n",
        "used by the table that inherits from it, prod_derived.more_views, the column one of table prod_derived.rows\n",
    ] {
        assert!(planned.stderr.contains(words), "{words}: {planned}");
    }
    lab.sql(&[
        "drop table prod_derived.ratings, prod_derived.more_views, prod_derived.rows",
        // Nothing is asked about it.
        &format!("create domain prod_derived.one as {OLD_VIEWS}"),
    ]);
    let before = look(&lab);
    let failed = drop_backups(&lab, &["7d", "--apply"]);
    assert_eq!(failed.code, 1, "{failed}");
    assert!(failed.stderr.contains("other objects depend on it"), "{failed}");
    let tables = &records(&lab)[0]["witnesses"]["tables"];
    let is_marked = |name: &str| {
        let mut tables = tables.as_array().expect("tables").iter();
        let table = tables.find(|table| table["model"] == name).expect("a table");
        table["dropped_at"].is_string()
    };
    assert!(!is_marked("plain_views"), "{tables}");
    // The other one may have come first.
    let has_visits = look(&lab).contains("Visits__bk_");
    assert_eq!((has_visits, before.contains("Visits__bk_")), (!is_marked("visits"), true));
}

/// Redshift's catalogue has the tables of Postgres' that it is asked for.
#[test]
fn redshifts_questions_on_postgres() {
    let lab = replaced_long_ago(Engine::Postgres);
    lab.sql(&[
        &format!("create table prod_derived.ratings (view_id text references {OLD_VISITS} (view_id))"),
        // Not bound to the table, but it names it.
        "create view prod_derived.named as select 'PROD_REPORTING.VISITS__BK_20200101000000' as source",
    ]);
    let ask = |template: &str| {
        let path =
            format!("{}/src/promote/templates/redshift/catalogue/{template}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).expect("a template");
        let (_, sql) = text.split_once("#}\n").expect("a comment");
        let sql = sql.replace("{{ schema }}", "prod_reporting");
        lab.lines(&sql.replace("{{ identifier }}", "Visits__bk_20200101000000"))
    };
    assert_eq!(ask("dependents.sql"), "prod_reporting.busy");
    assert_eq!(ask("uses.sql"), "prod_derived.named\nprod_reporting.busy");
    assert_eq!(ask("referenced.sql"), "ratings (ratings_view_id_fkey)");
}
