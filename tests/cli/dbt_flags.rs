//! The list of dbt's flags, against those that dbt has: a new one must not be overlooked.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use snowplow_backfill::dbt::{Calls, DBT_FLAGS, DbtFlag, Handling};

use crate::support::{Dbt, NEW, OLD, PREVIOUS, fixtures};

/// What `fixtures/dbt_flags` holds: every version that is supported.
const VERSIONS: [&str; 7] = ["1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "2.0"];

/// Flags that no help shows.
const HIDDEN: [&str; 1] = ["v2-parser"];

/// The flags of dbt's help, a line each: its names, then `VALUE` if it takes one.
fn flags_of_help(dbt: Dbt) -> String {
    let mut text = String::new();
    for subcommand in ["run", "ls"] {
        let mut help = Command::new(dbt.program("dbt"));
        let help = help.args([subcommand, "--help"]).env("DO_NOT_TRACK", "1").output().expect("dbt");
        let _ = writeln!(text, "dbt {subcommand}");
        for line in String::from_utf8_lossy(&help.stdout).lines().filter(|line| line.starts_with("  -")) {
            let flag = line.trim().split("  ").next().unwrap_or_default().replace(',', "").replace(" /", "");
            let (names, value): (Vec<_>, Vec<_>) = flag.split(' ').partition(|word| word.starts_with('-'));
            let value = if value.is_empty() { "" } else { " VALUE" };
            let _ = writeln!(text, "  {}{value}", names.join(" "));
        }
    }
    text
}

fn recorded(version: &str) -> String {
    let path = fixtures().join("dbt_flags").join(format!("{version}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of a flag that the list has, without those of `--no-…`.
fn known(flag: &DbtFlag) -> BTreeSet<String> {
    flag.names.iter().map(|name| format!("--{name}")).collect()
}

#[test]
fn the_recorded_flags_are_those_that_dbt_has() {
    for (dbt, version) in [(OLD, "1.7"), (PREVIOUS, "1.11"), (NEW, "1.12")] {
        assert_eq!(flags_of_help(dbt), recorded(version), "dbt {version}");
    }
}

#[test]
fn every_flag_of_every_version_is_on_the_list() {
    let mut seen = BTreeSet::new();
    for version in VERSIONS {
        let mut subcommand = "";
        let text = recorded(version);
        for line in text.lines() {
            let Some(flag) = line.strip_prefix("  ") else {
                subcommand = line;
                continue;
            };
            let long = flag.split(' ').find(|word| word.starts_with("--")).expect("a long name");
            let entry = DBT_FLAGS.iter().find(|entry| known(entry).contains(long));
            let entry =
                entry.unwrap_or_else(|| panic!("dbt {version} has a new flag of {subcommand}: {flag}"));
            for word in flag.split(' ') {
                let is_known = match word.strip_prefix("--") {
                    None if word == "VALUE" => entry.has_value,
                    // dbt has second short forms of two flags.
                    None => ["-m", "-v"].contains(&word) || entry.short == word.chars().nth(1),
                    Some(name) => {
                        known(entry).contains(word) || (!entry.has_value && name.starts_with("no-"))
                    }
                };
                assert!(is_known, "dbt {version}, {subcommand}: {flag} is not {entry:?}");
            }
            assert_eq!(flag.ends_with("VALUE"), entry.has_value, "dbt {version}, {subcommand}: {flag}");
            seen.insert((subcommand.to_owned(), entry.names[0]));
        }
    }
    for entry in DBT_FLAGS.iter().filter(|entry| !HIDDEN.contains(&entry.names[0])) {
        let has = |subcommand: &str| seen.contains(&(subcommand.to_owned(), entry.names[0]));
        let (wanted_by_run, wanted_by_ls) = match entry.handling {
            Handling::Own(Calls::Run) | Handling::PassedOn(Calls::Run) => (true, false),
            Handling::Own(_) | Handling::PassedOn(_) => (true, true),
            Handling::Refused(_) => (false, false),
        };
        assert!(has("dbt run") || has("dbt ls"), "no version of dbt has {entry:?}");
        assert!(has("dbt run") || !wanted_by_run, "dbt run gets {entry:?}");
        assert!(has("dbt ls") || !wanted_by_ls, "dbt ls gets {entry:?}");
    }
}
