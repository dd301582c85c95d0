//! The whole log and the whole summary of a backfill.

use insta::assert_snapshot;

use super::*;
use crate::dbt::{DbtCall, Purpose};
use crate::event::{Finish, LimitRaised, PackageRun, PackageScope, RaiseReason, RunFinished, Start};
use crate::failure::{Complaint, FailureKind};
use crate::snowplow::{Progress, StandIn, State, Window};
use crate::timestamp::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn window(lower: &str, upper: &str) -> Window {
    Window { lower: at(lower), upper: at(upper) }
}

fn start() -> Event {
    let scope = |package: &str| PackageScope {
        package: package.into(),
        tracked: vec!["page_engagement".into()],
        incremental_manifest: "m".into(),
    };
    Event::BackfillStarted(Start {
        tool_version: "0.1.0".into(),
        project: "storefront".into(),
        adapter: "duckdb".into(),
        dbt_version: "1.11.16".into(),
        target: Some("staging".into()),
        selection: vec!["--select".into(), "+page_engagement".into()],
        models: vec!["a".into(), "b".into()],
        packages: vec![scope("snowplow_site")],
        stand_ins: vec![StandIn { package: "snowplow_shop".into(), model: "snowplow_shop_carts".into() }],
        models_to_run: "a b".into(),
        limit_days: 30,
        first_run_only: Vec::new(),
        journal: Some("/repository/dbt/target/journal.jsonl".into()),
    })
}

fn state(state: State, frontier: &str, next: Window) -> PackageState {
    PackageState {
        package: "snowplow_site".into(),
        state,
        frontier: Some(at(frontier)),
        window: Some(next),
        runs_left: Some(2),
    }
}

fn run(number: u32, state: State, window: Window, progress: Progress) -> Event {
    let package = PackageRun {
        package: "snowplow_site".into(),
        state,
        window,
        before: None,
        after: Some(window.upper),
        progress,
    };
    Event::RunFinished(RunFinished {
        run: number,
        limit_days: 30,
        seconds: 5.23,
        models: 2,
        rows: Some(1234),
        packages: vec![package],
        now: at("2024-12-31"),
    })
}

fn model(run: u32, index: u32, status: &str) -> Event {
    let model = if index == 1 { "page_views" } else { "page_engagement" };
    Event::ModelFinished(ModelFinished {
        run,
        index,
        total: 2,
        model: model.into(),
        status: status.into(),
        seconds: 0.5,
    })
}

fn finish(outcome: Outcome, frontier: &str) -> Event {
    let frontiers = vec![("snowplow_site".to_owned(), Some(at(frontier)))];
    Event::BackfillFinished(Finish {
        exit_code: outcome.exit_code(),
        outcome,
        runs: 2,
        seconds: 75.0,
        frontiers,
    })
}

/// The log and the summary of these events.
fn told(detail: Detail, events: Vec<Event>) -> (String, String) {
    let (mut log, mut summary) = (Vec::new(), Vec::new());
    let paths = RepositoryPaths { project: "/repository/dbt".into(), repository: "/repository".into() };
    let mut github = Github::new(&mut log, Some(&mut summary), paths, detail);
    let mut history = History::default();
    for event in events {
        history.add(&event);
        github.report(&Envelope::now(event), &history).expect("written");
    }
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (text(log), text(summary))
}

fn good_backfill() -> Vec<Event> {
    let first = window("2024-01-01", "2024-01-31");
    let second = window("2024-01-30 18:00", "2024-12-31");
    let begin = |run, limit_days, state| Event::RunStarted { run, limit_days, packages: vec![state] };
    vec![
        Event::DbtCalled(DbtCall { purpose: Purpose::Selection, command: "dbt ls".into() }),
        start(),
        Event::StateRead {
            now: at("2024-12-31"),
            packages: vec![state(State::FirstRun, "2024-01-01", first)],
        },
        begin(1, 30, state(State::FirstRun, "2024-01-01", first)),
        model(1, 1, "success"),
        model(1, 2, "success"),
        run(1, State::FirstRun, first, Progress::Stalled),
        Event::LimitRaised(LimitRaised {
            package: "snowplow_site".into(),
            at: Some(at("2024-01-31")),
            next_event: Some(at("2024-09-01 12:00")),
            from_days: 30,
            to_days: 400,
            reason: RaiseReason::Gap,
        }),
        begin(2, 400, state(State::Standard, "2024-01-31", second)),
        model(2, 1, "success"),
        run(2, State::Standard, second, Progress::CaughtUp),
        Event::Warning { message: "100%: a row moved".into() },
        finish(Outcome::CaughtUp, "2024-12-30 21:32:12"),
    ]
}

#[test]
fn a_good_backfill() {
    let (log, summary) = told(Detail::Full, good_backfill());
    assert_snapshot!(log, @"
    storefront → staging (duckdb, dbt 1.11.16)
      selected   2 models by --select +page_engagement
      package    snowplow_site: page_engagement
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    dbt/target/journal.jsonl
      state      snowplow_site: first run, from 2024-01-01; 2 runs of 30 days to now
    ::group::run 1  2024-01-01 → 2024-01-31  first run
       1/2  success     0.5s  page_views
       2/2  success     0.5s  page_engagement
    ::endgroup::
    run  1  2024-01-01 → 2024-01-31  first run    2 models, 1,234 rows  5.2s
            snowplow_site stalled: no event 2024-01-31 00:00 → 2024-09-01 12:00
            limit of the next run: 400 days instead of 30
    ::group::run 2  2024-01-30 → 2024-12-31  standard
       1/2  success     0.5s  page_views
    ::endgroup::
    run  2  2024-01-30 → 2024-12-31  standard     2 models, 1,234 rows  5.2s
    ::warning title=snowplow-backfill::100%25: a row moved
    up to date: snowplow_site at 2024-12-30 21:32:12
    2 runs completed in 1m 15s
    next: snowplow-backfill promote --select +page_engagement --target staging --to prod
    ");
    assert_snapshot!(summary, @r"
    ## Backfill of storefront → staging

    `--select +page_engagement`: 2 models, 1 tracked model of snowplow\_site, 30 days a run (duckdb, dbt 1.11.16)

    | run | window (UTC) | state | from start to now | time | models | rows |
    |--:|---|---|---|--:|--:|--:|
    | 1 | 2024-01-01 → 2024-01-31 | first run | `██░░░░░░░░░░░░░░░░░░` | 5.2s | 2 | 1,234 |
    | | :warning: snowplow\_site stalled: no event 2024-01-31 00:00 → 2024-09-01 12:00: 400 days instead of 30 | | | | | |
    | 2 | 2024-01-30 → 2024-12-31 | standard | `▒▒██████████████████` | 5.2s | 2 | 1,234 |

    **up to date: snowplow\_site at 2024-12-30 21:32:12**

    2 runs completed in 1m 15s

    next:

    ```text
    snowplow-backfill promote --select +page_engagement --target staging --to prod
    ```
    ");
}

#[test]
fn verbose_shows_every_call_of_dbt() {
    assert!(told(Detail::Verbose, good_backfill()).0.starts_with("$ dbt ls\n"));
}

#[test]
fn a_model_that_fails() {
    let message =
        "Database Error in model page_engagement (models/site/page_engagement.sql)\n  ```\n::error::no";
    let complaint = |node: Option<&str>| Complaint { node: node.map(Into::into), message: message.into() };
    let failure = Failure {
        call: "dbt run".into(),
        kind: FailureKind::Model,
        exit: "exit code 1".into(),
        complaints: vec![complaint(Some("model.storefront.page_engagement")), complaint(None)],
        log: Some("/repository/dbt/target/dbt.log".into()),
        hint: Some("look there".into()),
    };
    let next = window("2024-01-01", "2024-01-31");
    let (log, summary) = told(
        Detail::Full,
        vec![
            start(),
            Event::RunStarted {
                run: 1,
                limit_days: 30,
                packages: vec![state(State::FirstRun, "2024-01-01", next)],
            },
            model(1, 2, "error"),
            Event::DbtFailed { run: Some(1), failure },
            finish(Outcome::DbtFailed, "2024-01-01"),
        ],
    );
    assert_snapshot!(log, @"
    storefront → staging (duckdb, dbt 1.11.16)
      selected   2 models by --select +page_engagement
      package    snowplow_site: page_engagement
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    dbt/target/journal.jsonl
    ::group::run 1  2024-01-01 → 2024-01-31  first run
       2/2  error       0.5s  page_engagement
    ::endgroup::
    ::error title=run 1%3A page_engagement failed::Database Error in model page_engagement (models/site/page_engagement.sql)%0A  ```%0A::error::no%0Alook there
    ::error title=run 1%3A a model failed::Database Error in model page_engagement (models/site/page_engagement.sql)%0A  ```%0A::error::no%0Alook there
    | dbt run failed (exit code 1): a model failed
    |   model.storefront.page_engagement
    |     Database Error in model page_engagement (models/site/page_engagement.sql)
    |       ```
    |     ::error::no
    |     Database Error in model page_engagement (models/site/page_engagement.sql)
    |       ```
    |     ::error::no
    |   dbt's log: dbt/target/dbt.log
    |   hint: look there
    stopped: dbt failed: snowplow_site at 2024-01-01 00:00:00
    2 runs completed in 1m 15s
    next: fix the error above, then run the same command again to continue
    ");
    assert_snapshot!(summary, @r"
    ## Backfill of storefront → staging

    `--select +page_engagement`: 2 models, 1 tracked model of snowplow\_site, 30 days a run (duckdb, dbt 1.11.16)

    | run | window (UTC) | state | from start to now | time | models | rows |
    |--:|---|---|---|--:|--:|--:|
    | 1 | 2024-01-01 → 2024-01-31 | first run | :x: a model failed | | | |

    ````text
    dbt run failed (exit code 1): a model failed
      model.storefront.page_engagement
        Database Error in model page_engagement (models/site/page_engagement.sql)
          ```
        ::error::no
        Database Error in model page_engagement (models/site/page_engagement.sql)
          ```
        ::error::no
      dbt's log: dbt/target/dbt.log
      hint: look there
    ````

    **stopped: dbt failed: snowplow\_site at 2024-01-01 00:00:00**

    2 runs completed in 1m 15s

    next: fix the error above, then run the same command again to continue
    ");
}

#[test]
fn other_endings() {
    let end = |outcome| {
        let (log, summary) = told(Detail::Full, vec![finish(outcome, "2024-01-31")]);
        format!("{log}---\n{summary}")
    };
    assert_snapshot!(end(Outcome::Stopped { by: "--max-duration".into() }), @r"
    ::notice title=stopped by --max-duration::not up to date: run the same command again to continue
    stopped by --max-duration, not up to date: snowplow_site at 2024-01-31 00:00:00
    2 runs completed in 1m 15s
    next: run the same command again to continue
    ---
    ## Backfill

    **stopped by --max-duration, not up to date: snowplow\_site at 2024-01-31 00:00:00**

    2 runs completed in 1m 15s

    next: run the same command again to continue
    ");
    assert_snapshot!(end(Outcome::Refused { reason: "another backfill holds the lock".into() }), @"
    ::error title=refused::another backfill holds the lock
    refused: another backfill holds the lock
    2 runs completed in 1m 15s
    ---
    ## Backfill

    **refused: another backfill holds the lock**

    2 runs completed in 1m 15s
    ");
    assert_snapshot!(end(Outcome::Interrupted { signal: 15 }), @"
    ::warning title=interrupted by SIGTERM::run the same command again to continue
    interrupted by SIGTERM
    2 runs completed in 1m 15s
    next: run the same command again to continue
    ---
    ## Backfill

    **interrupted by SIGTERM**

    2 runs completed in 1m 15s

    next: run the same command again to continue
    ");
    assert_snapshot!(end(Outcome::Error { message: "no dbt: is it\ninstalled?".into() }), @"
    ::error title=snowplow-backfill::no dbt: is it%0Ainstalled?
    ---
    ## Backfill

    **stopped by an error**

    ```text
    no dbt: is it
    installed?
    ```
    ");
    assert_snapshot!(end(Outcome::RanOnce { more: true }), @r"
    one run done, more to do: snowplow_site at 2024-01-31 00:00:00
    2 runs completed in 1m 15s
    next: run the same command again to continue
    ---
    ## Backfill

    **one run done, more to do: snowplow\_site at 2024-01-31 00:00:00**

    2 runs completed in 1m 15s

    next: run the same command again to continue
    ");
}

#[test]
fn several_packages_have_a_row_each() {
    let both = ["snowplow_shop", "snowplow_site"].map(|package| PackageRun {
        package: package.into(),
        state: State::Standard,
        window: window("2024-01-01", "2024-01-31"),
        before: None,
        after: None,
        progress: Progress::Advanced,
    });
    let (log, summary) = told(
        Detail::Full,
        vec![Event::RunFinished(RunFinished {
            run: 7,
            limit_days: 30,
            seconds: 61.0,
            models: 2,
            rows: None,
            packages: both.to_vec(),
            now: at("2024-01-31"),
        })],
    );
    assert_snapshot!(log, @"
    run  7  2024-01-01 → 2024-01-31  standard     2 models  1m 01s  snowplow_shop
            2024-01-01 → 2024-01-31  standard     snowplow_site
    ");
    assert_snapshot!(summary, @r"
    | run | window (UTC) | state | from start to now | time | models | rows |
    |--:|---|---|---|--:|--:|--:|
    | 7 | 2024-01-01 → 2024-01-31 | standard snowplow\_shop | `████████████████████` | 1m 01s | 2 | |
    |  | 2024-01-01 → 2024-01-31 | standard snowplow\_site | `████████████████████` |  | | |
    ");
}
