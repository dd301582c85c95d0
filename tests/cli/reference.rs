//! The reference pages name every flag that `--help` lists, and every event and field that is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

use crate::stalls::{answer, unmoved};
use crate::support::Output;
use crate::support::fake::FakeDbt;
use crate::support::scenario::{ARGUMENTS, over_a_gap};

fn page(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a page")
}

/// The part below a heading.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).expect("the heading");
    rest.split("\n#").next().expect("a part")
}

fn long_flags(text: &str) -> BTreeSet<String> {
    let flag = Regex::new(r"--[a-z][a-z-]+").expect("a pattern");
    flag.find_iter(text).map(|flag| flag.as_str().to_owned()).collect()
}

/// The flags that `--help` lists, each at the beginning of its line.
fn flags_of(command: &str) -> BTreeSet<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_snowplow-backfill")).args([command, "--help"]).output();
    let help = Output::from(help.expect("the tool")).success().stdout;
    let flag = Regex::new(r"(?m)^ +(?:-\w, |    )(--[a-z-]+)").expect("a pattern");
    let mut flags: BTreeSet<_> = flag.captures_iter(&help).map(|found| found[1].to_owned()).collect();
    assert!(flags.remove("--help"), "{help}");
    flags
}

/// The flags that the page lists, each at the beginning of its row.
fn documented(page: &str, command: &str) -> BTreeSet<String> {
    let rows = section(page, &format!("## `{command}`")).lines();
    let names = rows.filter_map(|row| row.strip_prefix("| `")?.split("` |").next());
    names.flat_map(long_flags).collect()
}

#[test]
fn names_every_flag_and_no_other() {
    let page = page("src/cli/README.md");
    for command in ["run", "plan", "models", "promote", "check", "man"] {
        assert_eq!(documented(&page, command), flags_of(command), "{command}");
    }
}

/// Names between backquotes.
fn names(text: &str) -> BTreeSet<String> {
    let name = Regex::new("`([a-z_]+)`").expect("a pattern");
    name.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// Names of all fields below a value.
fn fields_below(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => {
            let below = fields.values().flat_map(fields_below);
            fields.keys().cloned().chain(below).collect()
        }
        Value::Array(values) => values.iter().flat_map(fields_below).collect(),
        _ => BTreeSet::new(),
    }
}

/// Events of backfills that end in all ways but by a signal.
fn events() -> Vec<Value> {
    let fails = json!({"run": [{"stdout": "no such table\n", "exit": 1}]});
    let later_event = unmoved(&answer(&json!("2024-01-31 01:02:03")));
    let calls: [(FakeDbt, &[&str]); 7] = [
        (over_a_gap(), &[]),
        (over_a_gap(), &["--once"]),
        (over_a_gap(), &["--max-runs", "1"]),
        (over_a_gap(), &["--until", "2024-01-02"]),
        (over_a_gap(), &["--max-limit-days", "40"]),
        (over_a_gap().with(&fails), &[]),
        (later_event, &[]),
    ];
    let json = calls.iter().flat_map(|(fake, more)| {
        let mut command = fake.command(&[&ARGUMENTS[..], &["--format", "json"], more].concat());
        Output::from(command.env("DBT_EMPTY", "1").output().expect("the tool")).json_lines()
    });
    json.collect()
}

#[test]
fn documents_every_event_and_its_fields() {
    let page = page("src/output/README.md");
    let section = section(&page, "## Events");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: BTreeMap<_, _> = rows.filter(|(event, _)| *event != "event").collect();

    let anywhere = names(section);
    let mut seen = BTreeSet::new();
    for event in events() {
        let name = event["event"].as_str().expect("a name");
        let row = names(rows.get(name).unwrap_or_else(|| panic!("{name} is not documented")));
        let fields = event.as_object().expect("fields").keys();
        let undocumented: Vec<_> = fields
            .filter(|field| !["version", "time", "event"].contains(&field.as_str()) && !row.contains(*field))
            .collect();
        assert!(undocumented.is_empty(), "{name}: {undocumented:?}");
        let below = fields_below(&event);
        let undocumented: Vec<_> = below.difference(&anywhere).collect();
        assert!(undocumented.is_empty(), "{name}: {undocumented:?}");
        seen.insert(name.to_owned());
    }
    assert_eq!(seen, rows.keys().map(|&name| name.to_owned()).collect());
}
