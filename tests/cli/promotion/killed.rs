//! `--apply` and `--rollback`, killed together with dbt at a statement: what is taken back afterwards is what
//! prod holds.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::client::Client;
use super::dump::{assert_same, dump, visible};
use super::shop;
use crate::interruption::{eventually, is_alive, send, start};
use crate::support::{Engine, Lab, Output};

/// Where dbt stands still.
#[derive(Debug, Clone, Copy)]
enum Hold {
    /// A statement is not sent yet.
    Before(usize),
    /// It is done, but nobody was told.
    After(usize),
}

fn look(lab: &Lab) -> String {
    visible(&dump(&mut Client::new(lab.place()), lab.place().engine()))
}

fn arguments<'a>(to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["promote"], &shop::SELECT[..], &["--to", to], more].concat()
}

fn roll_back(lab: &Lab) -> Output {
    lab.tool(&["promote", "--to", &lab.target("prod"), "--rollback"])
}

/// Starts the tool, and kills it and dbt at a statement.
fn killed(lab: &Lab, arguments: &[&str], hold: Hold) {
    let ready = lab.project().join("held");
    let mut command = lab.tool_command(arguments);
    match hold {
        Hold::Before(place) => command.env("HOLD_BEFORE", place.to_string()),
        Hold::After(place) => command.env("HOLD_AFTER", place.to_string()),
    };
    let mut tool = start({
        command.env("HOLD_READY", &ready);
        command
    });
    eventually("dbt stands still", || {
        ready.is_file() || tool.try_wait().expect("a child").is_some_and(|ended| panic!("{hold:?}: {ended}"))
    });
    let dbt = fs::read_to_string(&ready).expect("a number").parse().expect("a number");
    fs::remove_file(&ready).expect("removed");
    send(tool.id(), Signal::SIGKILL);
    send(dbt, Signal::SIGKILL);
    tool.wait().expect("an end");
    eventually("dbt ends", || !is_alive(dbt));
    if lab.place().engine() == Engine::Postgres {
        let others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> \
                      pg_backend_pid()";
        eventually("the server notices", || lab.lines(others) == "0");
    }
}

/// The states of all records, the oldest first.
fn states(lab: &Lab) -> Vec<String> {
    let folder = lab.project().join("target/snowplow-backfill/promotions");
    let records = fs::read_dir(folder).expect("records").map(|entry| {
        let text = fs::read(entry.expect("one").path().join("promotion.json")).expect("a record");
        serde_json::from_slice::<Value>(&text).expect("JSON")
    });
    let mut records: Vec<_> = records.collect();
    records.sort_by_key(|record| record["at"].to_string());
    records.iter().map(|record| record["state"].as_str().expect("a state").to_owned()).collect()
}

/// Where a script commits.
fn commit(script: &Value) -> usize {
    let statements = script.as_array().expect("statements");
    statements.iter().position(|statement| statement["kind"] == "commit").expect("a commit")
}

fn killed_anywhere(engine: Engine) {
    let lab = shop::lab(&shop::before(engine));
    let to = lab.target("prod");
    let (first, second) = (arguments(&to, &["--apply"]), arguments(&to, &["--replace", "--apply"]));
    let before = look(&lab);
    lab.tool(&first).success();
    let promoted = look(&lab);
    let (document, _) = shop::promote(&lab, &["--replace"]);
    let done = commit(&document["promote"]);

    // Nothing of the second one happened: the first one is taken back.
    for hold in [Hold::Before(0), Hold::Before(3), Hold::After(done - 1)] {
        killed(&lab, &second, hold);
        assert_same(&look(&lab), &promoted, &format!("{hold:?}"));
        assert_eq!(states(&lab).last().expect("a record"), "executing", "{hold:?}");
        let output = roll_back(&lab).success();
        assert!(output.stderr.contains("was stopped and left nothing in"), "{hold:?}: {output}");
        assert!(
            output.stderr.contains("no longer has the rows and copies of busy_pages, plain_views, visits"),
            "{hold:?}: {output}"
        );
        assert_same(&look(&lab), &before, &format!("{hold:?}"));
        let states = states(&lab);
        assert_eq!(states[states.len() - 2..], ["rolled_back", "abandoned"], "{hold:?}");
        lab.tool(&first).success();
        assert_same(&look(&lab), &promoted, "once more");
    }

    // All of it happened: that is what is taken back.
    killed(&lab, &second, Hold::After(done));
    let output = roll_back(&lab).success();
    assert!(output.stderr.contains("has plain_views, visits as before"), "{output}");
    assert_same(&look(&lab), &promoted, "the second one is taken back");

    // A rollback that is killed is done by the next one, and once.
    for hold in [Hold::Before(2), Hold::After(commit(&document["rollback"]))] {
        lab.tool(&second).success();
        let replaced = look(&lab);
        killed(&lab, &["promote", "--to", &to, "--rollback"], hold);
        match hold {
            Hold::Before(_) => assert_same(&look(&lab), &replaced, "not taken back"),
            Hold::After(_) => assert_same(&look(&lab), &promoted, "taken back"),
        }
        assert_eq!(states(&lab).last().expect("a record"), "rolling_back", "{hold:?}");
        roll_back(&lab).success();
        assert_same(&look(&lab), &promoted, &format!("{hold:?}"));
        assert_eq!(states(&lab).last().expect("a record"), "rolled_back", "{hold:?}");
    }
    roll_back(&lab).success();
    assert_same(&look(&lab), &before, "the first one is taken back");
}

#[test]
fn killed_anywhere_on_duckdb() {
    killed_anywhere(Engine::DuckDb);
}

#[test]
fn killed_anywhere_on_postgres() {
    killed_anywhere(Engine::Postgres);
}
