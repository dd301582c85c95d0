//! Compares ten runs on one project: the documented one-liner, bare dbt with a warm parse cache, and this
//! tool.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::lab::Lab;

const RUNS: u32 = 10;
const LIMIT_DAYS: &str = "60";

/// Models that nobody selects. They make parsing as slow as it is in a real project.
const FILLERS: u32 = 75;

/// Runs the benchmark and prints its table.
pub fn run() -> Result<()> {
    let lab = Lab::create("bench-loop")?;
    for number in 1..=FILLERS {
        let path = lab.project.join(format!("models/filler/filler_{number:03}.sql"));
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, "select 1 as one\n")?;
    }
    lab.quietly("dbt", &["run-operation", "generate_events", "--args", r#"{"gap_days": 0}"#])?;
    let models = lab.quietly("snowplow-backfill", &["models", "--select", "+page_engagement"])?;
    let models = models.trim();

    eprintln!("the documented one-liner, corrected so that it works here …");
    start_over(&lab)?;
    let one_liner = ten_times(|| one_liner(&lab))?;

    eprintln!("bare dbt run with a warm parse cache …");
    start_over(&lab)?;
    let vars = format!(r#"{{"models_to_run": "{models}", "snowplow__backfill_limit_days": {LIMIT_DAYS}}}"#);
    let bare = || {
        lab.quietly("dbt", &["run", "--select", "+page_engagement", "--target", "staging", "--vars", &vars])
    };
    bare()?;
    start_over(&lab)?;
    let bare = ten_times(bare)?;

    eprintln!("snowplow-backfill, first call and later call …");
    start_over(&lab)?;
    let (cold, _) = tool(&lab)?;
    start_over(&lab)?;
    let (warm, events) = tool(&lab)?;
    let queries = queries(&lab, &events)?;

    let mut table = String::new();
    let expected = bare + queries;
    for (what, time) in [
        ("documented one-liner, ten times", one_liner),
        ("bare dbt run, warm, ten times", bare),
        ("  and the same eleven queries alone", queries),
        ("snowplow-backfill, ten runs, warm", warm),
        ("snowplow-backfill, ten runs, first call", cold),
    ] {
        writeln!(table, "{what:<40} {:>6.1} s   {:.2} of bare dbt", time.as_secs_f64(), ratio(time, bare))?;
    }
    println!("{table}\nsnowplow-backfill, warm / (bare dbt + queries) = {:.2}", ratio(warm, expected));
    println!("snowplow-backfill, first call / documented one-liner = {:.2}", ratio(cold, one_liner));
    Ok(())
}

/// Ten runs in one call. Returns its time and its events.
fn tool(lab: &Lab) -> Result<(Duration, String)> {
    let began = Instant::now();
    let arguments =
        ["run", "--select", "+page_engagement", "--target", "staging", "--limit-days", LIMIT_DAYS];
    let mut command = lab.command("snowplow-backfill");
    command.args(arguments).args(["--max-runs", &RUNS.to_string(), "--format", "json"]);
    let output = command.output().context("cannot start the tool")?;
    let time = began.elapsed();
    if output.status.code() != Some(3) {
        bail!("the tool did not stop after {RUNS} runs: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((time, String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn ten_times(mut action: impl FnMut() -> Result<String>) -> Result<Duration> {
    let began = Instant::now();
    for _ in 0..RUNS {
        action()?;
    }
    Ok(began.elapsed())
}

/// Drops staging and keeps the events.
fn start_over(lab: &Lab) -> Result<()> {
    let code = "import duckdb, sys\nc = duckdb.connect('storefront.duckdb')\n\
        q = \"select schema_name from information_schema.schemata where schema_name like 'staging%'\"\n\
        for (s,) in c.execute(q).fetchall():\n    \
        c.execute(f'drop schema {s} cascade')";
    lab.quietly("python", &["-c", code]).map(drop)
}

/// The documented one-liner with two corrections: `--quiet` in place of `tail`, and a model of the other
/// package, which keeps that package's on-run-end hook from failing.
fn one_liner(lab: &Lab) -> Result<String> {
    let line = format!(
        "dbt run --select +page_engagement --target staging --vars \"{{'models_to_run': '$(dbt --quiet ls \
         --select +page_engagement --output name | tr '\\n' ' ') snowplow_shop_carts', \
         'snowplow__backfill_limit_days': {LIMIT_DAYS}}}\""
    );
    lab.quietly("sh", &["-c", &line])
}

/// The time of the tool's own queries, one process each. Bare dbt does not ask them.
fn queries(lab: &Lab, events: &str) -> Result<Duration> {
    let command = events
        .lines()
        .filter(|line| line.contains(r#""purpose":"query""#))
        .find_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).ok()?["command"].as_str().map(str::to_owned)
        })
        .context("the tool made no query")?;
    let began = Instant::now();
    for _ in 0..=RUNS {
        lab.quietly("sh", &["-c", &command])?;
    }
    Ok(began.elapsed())
}
