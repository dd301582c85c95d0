//! What people see on a terminal, and what programs read where there is none.

use std::process::Stdio;

use insta::assert_snapshot;

use crate::support::scenario::{ARGUMENTS, over_a_gap};

fn on_a_terminal(variables: &[(&str, &str)]) -> String {
    let fake = over_a_gap();
    let output = fake.tool_on_terminal(80, &ARGUMENTS, variables);
    assert_eq!(output.code, 0, "{output}");
    output.stdout
}

/// Without escape sequences, and without the rate of this machine.
fn plain(text: &str) -> String {
    let escape = regex::Regex::new("\x1b\\[[0-9;?]*[A-Za-z]").expect("a pattern");
    let rate = regex::Regex::new(r"\d+ days a minute").expect("a pattern");
    rate.replace_all(&escape.replace_all(text, ""), "[RATE]").into_owned()
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let output = over_a_gap().tool(&ARGUMENTS);
    assert!(!output.stderr.chars().any(|c| c.is_control() && c != '\n'), "{output:?}");
    assert_snapshot!(output, @"
    exit code: 0
    --- stdout
    --- stderr
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
      state      shop: first run, from 2024-01-01; 4 runs of 30 days to now
    run  1  2024-01-01 → 2024-01-31  first run    4 models  [TIME]
    run  2  2024-01-30 → 2024-02-29  standard     4 models  [TIME]
    run  3  2024-01-31 → 2024-03-01  standard     4 models  [TIME]
            shop stalled: no event 2024-01-31 10:00 → 2024-04-05 01:02
            limit of the next run: 72 days instead of 30
    run  4  2024-01-31 → 2024-04-10  standard     4 models  [TIME]
    up to date: shop at 2024-04-10 09:00:00
    4 runs completed in [TIME]
    next: snowplow-backfill promote --select +carts --to prod
    ");
}

#[test]
fn a_terminal_has_colours_and_a_bar_in_event_time() {
    let written = on_a_terminal(&[]);
    assert!(written.contains("\x1b[1m\x1b[32mup to date\x1b[0m"), "{written:?}");

    // The bar says how far it is, in 80 columns: runs done, rate, time left; then the run that goes on, and
    // its window.
    let text = plain(&written);
    for part in [
        "reading the project",
        "─ 0 runs done ",
        "run 1  2024-01-01 → 2024-01-31  starting dbt ",
        "run 1  2024-01-01 → 2024-01-31  4/4 models ",
        "━╸",
        "─ 1 run done, [RATE], [TIME] left ",
        "run 2  2024-01-30 → 2024-02-29  reading the incremental manifest ",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }

    // It is gone in the end.
    let erased = "\x1b[2K\x1b[1A";
    let (_, last) = written.rsplit_once(erased).expect("the bar is erased");
    assert_snapshot!(plain(last).replace("\r\n", "\n"), @"
    up to date: shop at 2024-04-10 09:00:00
    4 runs completed in [TIME]
    next: snowplow-backfill promote --select +carts --to prod
    ");
}

#[test]
fn logs_of_ci_have_no_bar_and_no_color_means_none() {
    let written = on_a_terminal(&[("CI", "true")]);
    assert!(written.contains("up to date"), "{written:?}");
    assert!(!written.contains(['━', '─']) && !written.contains("\x1b[2K"), "{written:?}");

    let written = on_a_terminal(&[("NO_COLOR", "1")]);
    let colour = regex::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    assert!(written.contains('━') && !colour.is_match(&written), "{written:?}");
}

#[test]
fn a_reader_that_goes_away_changes_nothing_about_the_backfill() {
    let fake = over_a_gap();
    let mut command = fake.command(&[&ARGUMENTS[..], &["--format", "json"]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool");
    drop(child.stdout.take());
    let output = fake.redact(child.wait_with_output().expect("an end").into());
    assert_snapshot!(output, @"
    exit code: 0
    --- stdout
    --- stderr
    ");
}

const WHOLE_PROJECT: [&str; 3] = ["run", "--start-date=2024-01-01", "--limit-days=30"];

/// The exit code, what is on the terminal, and how often dbt ran.
fn answered(keys: &str, flags: &[&str]) -> (i32, String, usize) {
    let fake = over_a_gap();
    let arguments = [&WHOLE_PROJECT[..], flags].concat();
    let output = fake.tool_on_terminal(80, &arguments, &[("TERMINAL_KEYS", keys)]);
    let runs = fake.calls().into_iter().filter(|call| call.contains(&"run".to_owned())).count();
    (output.code, plain(&output.stdout), runs)
}

#[test]
fn asks_before_it_runs_the_whole_project() {
    let question = "No model is selected. Run the whole project, with 4 models?";
    let (code, text, runs) = answered("n\r", &[]);
    assert!(code == 2 && runs == 0 && text.contains(question), "{code} {text}");
    assert!(text.contains("select models with --select, or give --yes"), "{text}");
    let (code, text, runs) = answered("yes\r", &[]);
    assert!(code == 0 && runs == 4 && text.contains(question), "{code} {text}");
    let (code, text, runs) = answered("maybe\r", &[]);
    assert!(code == 2 && runs == 0, "{code} {text}");
    let (code, text, runs) = answered("\x03", &[]);
    assert!(code == 130 && runs == 0, "{code} {text}");
    for flags in [&["--yes"][..], &["--select", "+carts"]] {
        let (code, text, runs) = answered("", flags);
        assert!(code == 0 && runs == 4 && !text.contains("[y/N]"), "{code} {text}");
    }
}

#[test]
fn without_a_terminal_it_does_not_ask() {
    let output = over_a_gap().tool(&WHOLE_PROJECT).success();
    assert!(output.stderr.contains("selected   4 models, the whole project"), "{output}");
}
