//! Signals and locks: dbt is told first, the journal is closed, no process is left behind, and the next call
//! goes on.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, tables};
use crate::support::{Dbt, Engine, Events, Lab, NEW, Output, PREVIOUS};

const SELECTED: [&str; 4] = ["shop_manifest", "shop_limits", "shop_events", "carts"];

/// A project whose `dbt run` hangs.
fn hanging(how: &str) -> FakeDbt {
    FakeDbt::new(&json!({
        "ls": [listed()],
        "run-operation": [tables("2024-01-01 00:00:00", &[], None)],
        "run": [{"hang": how}],
    }))
}

fn listed() -> Value {
    let carts = model("carts", &["shop_incremental"], "incremental");
    json!({"stdout": listing(&SELECTED), "files": {"manifest.json": manifest("1.11.16", &[carts])}})
}

/// Starts the tool with the signals as a terminal leaves them, whatever the tests themselves were started
/// with.
#[expect(unsafe_code, reason = "what runs between fork and exec must be async-signal-safe")]
pub fn start(mut command: Command) -> Child {
    use std::os::unix::process::CommandExt;
    let reset = || {
        for stop in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            // SAFETY: the default disposition has no handler.
            unsafe { signal(stop, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: the hook makes three system calls and allocates nothing.
    unsafe { command.pre_exec(reset) };
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool")
}

pub fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.try_into().expect("a pid")), signal).expect("sent");
}

pub fn is_alive(pid: u32) -> bool {
    kill(Pid::from_raw(pid.try_into().expect("a pid")), None).is_ok()
}

/// Waits for something that another process does.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < patience, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn last_line(path: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a journal");
    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
}

#[test]
fn one_signal_lets_dbt_end() {
    for (stop, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let fake = hanging("polite");
        let journal = fake.path("journal.jsonl");
        let child = start(fake.command(&["run", "--select", "+carts", "--journal", "journal.jsonl"]));
        let dbt = fake.wait_until_hanging();
        send(child.id(), stop);
        let output = fake.redact(child.wait_with_output().expect("an end").into());
        assert_eq!(output.code, code, "{output}");
        assert!(!is_alive(dbt), "dbt runs on");
        let last = last_line(&journal);
        assert_eq!((&last["event"], &last["outcome"]), (&json!("backfill_finished"), &json!("interrupted")));
        if stop == Signal::SIGTERM {
            assert_snapshot!(output, @"
            exit code: 143
            --- stdout
            --- stderr
            faked → default target (duckdb, dbt 1.11.16)
              selected   4 models by --select +carts
              package    shop: carts
              journal    journal.jsonl
              state      shop: first run, from its start date
            interrupted by SIGTERM
            0 runs completed in [TIME]
            next: run the same command again to continue
            ");
        }

        // The next call goes on as if nothing had been.
        fake.script(&json!({
            "ls": [listed()],
            "run-operation": [tables(
                "2024-01-01 00:00:00",
                &[("carts", "2023-12-31 10:00:00")],
                Some(("2023-12-31 04:00:00", "2024-01-01 00:00:00")),
            )],
            "run": [good_run(&SELECTED)],
        }));
        fake.tool(&["run", "--select", "+carts"]).success();
    }
}

#[test]
fn a_second_signal_kills_a_deaf_dbt() {
    let fake = hanging("deaf");
    let child = start(fake.command(&["run", "--select", "+carts"]));
    let dbt = fake.wait_until_hanging();
    send(child.id(), Signal::SIGINT);
    send(child.id(), Signal::SIGTERM);
    let output = Output::from(child.wait_with_output().expect("an end"));
    // Which of two signals arrives first is up to the system.
    assert!([130, 143].contains(&output.code), "{output}");
    eventually("dbt is killed", || !is_alive(dbt));
}

#[test]
fn a_signal_while_tables_are_read() {
    let fake = FakeDbt::new(&json!({"ls": [listed()], "run-operation": [{"hang": "polite"}]}));
    let child = start(fake.command(&["run", "--select", "+carts"]));
    fake.wait_until_hanging();
    send(child.id(), Signal::SIGINT);
    let output = fake.redact(child.wait_with_output().expect("an end").into());
    assert_snapshot!(output, @"
    exit code: 130
    --- stdout
    --- stderr
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
    error: interrupted by SIGINT
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn killed_outright_it_takes_dbt_along() {
    let fake = hanging("polite");
    let mut child = start(fake.command(&["run", "--select", "+carts"]));
    let dbt = fake.wait_until_hanging();
    child.kill().expect("killed");
    child.wait().expect("an end");
    eventually("dbt ends", || !is_alive(dbt));
    // And leaves no lock behind.
    let now = "2024-01-01 00:00:00";
    let up_to_date = tables(now, &[("carts", "2023-12-31 20:00:00")], Some(("2023-12-31 14:00:00", now)));
    fake.script(&json!({
        "ls": [listed()],
        "run-operation": [up_to_date],
        "run": [good_run(&SELECTED)],
    }));
    fake.tool(&["run", "--select", "+carts"]).success();
}

#[test]
fn a_second_run_is_told_who_holds_the_lock() {
    let fake = hanging("polite");
    let child = start(fake.command(&["run", "--select", "+carts"]));
    fake.wait_until_hanging();
    let second = fake.tool(&["run", "--select", "+carts"]);
    let pid = format!("process {},", child.id());
    assert!(second.stderr.contains(&pid), "{second}");
    let since = regex::Regex::new(r"process \d+, since [0-9: -]+ UTC").expect("a pattern");
    assert_snapshot!(since.replace_all(&second.to_string(), "process [PID], since [TIME]"), @"
    exit code: 4
    --- stdout
    --- stderr
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
    refused: a backfill or promotion of this project and target is already running (process [PID], since [TIME]: run --select +carts). Wait for it to end, or stop it. Its lock is [PROJECT]/target/snowplow-backfill/locks/db.s.shop_manifest.lock
    ");

    send(child.id(), Signal::SIGINT);
    child.wait_with_output().expect("an end");
    let plan = fake.tool(&["plan", "--select", "+carts"]);
    assert_eq!(plan.code, 0, "{plan}");
}

#[test]
fn a_second_run_leaves_the_journal_of_the_first_alone() {
    let fake = hanging("polite");
    let arguments = ["run", "--select", "+carts", "--journal", "journal.jsonl"];
    let child = start(fake.command(&arguments));
    fake.wait_until_hanging();
    let lines = || std::fs::read_to_string(fake.path("journal.jsonl")).expect("a journal");
    let before = lines();
    assert_snapshot!(fake.tool(&arguments), @"
    exit code: 4
    --- stdout
    --- stderr
    refused: another backfill or promotion is writing the journal journal.jsonl. Wait for it to end, or name another file with --journal
    ");
    assert_eq!(lines(), before);

    send(child.id(), Signal::SIGINT);
    child.wait_with_output().expect("an end");
    assert_eq!(last_line(&fake.path("journal.jsonl"))["outcome"], "interrupted");
}

fn an_interrupted_run_cancels_its_statement(dbt: Dbt) {
    let lab = Lab::new(Engine::Postgres, dbt, Events::SHORT).with_installed_dbt();
    let path = "models/site/page_engagement.sql";
    let good = lab.read(path);
    lab.write(path, &good.replace("select *", "select *, (select 1 from pg_sleep(600)) as nap"));
    let arguments =
        ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "9999"];
    let child = start(lab.tool_command(&arguments));
    let sleeping = "select count(*) from pg_stat_activity where state = 'active' and query like \
                    '%pg_sleep(600)%' and pid <> pg_backend_pid() and datname = current_database()";
    eventually("the model runs", || lab.lines(sleeping) != "0");
    send(child.id(), Signal::SIGTERM);
    let output = Output::from(child.wait_with_output().expect("an end"));
    assert_eq!(output.code, 143, "{output}");
    assert_eq!(lab.lines(sleeping), "0", "the statement runs on");

    lab.write(path, &good);
    lab.tool(&arguments).success();
    let manifest = "staging_snowplow_manifest.snowplow_site_incremental_manifest";
    assert!(lab.lines(&format!("select model from {manifest}")).contains("page_engagement"));
}

#[test]
fn an_interrupted_run_cancels_its_statement_on_the_server() {
    an_interrupted_run_cancels_its_statement(NEW);
}

#[test]
fn an_interrupted_run_cancels_its_statement_on_the_server_with_the_previous_dbt() {
    an_interrupted_run_cancels_its_statement(PREVIOUS);
}
