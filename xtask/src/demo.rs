//! Shows a backfill and a promotion, step by step, on embedded DuckDB.

use anyhow::{Context, Result, bail};
use chrono::{Days, Local, NaiveDate};

use crate::lab::Lab;

/// The default number of days with events.
pub const DAYS: u64 = 3 * 365;

/// How far before its last success each package reads again.
const LOOKBACK_HOURS: u32 = 6;

/// The time of the events: up to yesterday, with a gap.
struct Period {
    start: NaiveDate,
    first_event: NaiveDate,
    gap: NaiveDate,
    gap_days: u64,
    yesterday: NaiveDate,
}

impl Period {
    fn until_yesterday(days: u64) -> Self {
        let yesterday = Local::now().date_naive() - Days::new(1);
        let start = yesterday - Days::new(days);
        let (gap, gap_days) = (start + Days::new(days * 2 / 5), days * 2 / 11);
        Self { start, first_event: start + Days::new(4), gap, gap_days, yesterday }
    }
}

/// Runs the demo with this many days of events.
pub fn run(days: u64) -> Result<()> {
    let lab = Lab::create("demo")?;
    // The fixture project has more models than the demo needs: one new model, its helper and a view on it.
    lab.remove(&["models/shop", "models/site/daily_traffic.sql"])?;
    let period = Period::until_yesterday(days);
    let gap = period.gap_days;
    say(&format!(
        "A shop has a dbt project with two Snowplow packages, and {days} days of events with a gap of {gap}."
    ));
    generate_events(&lab, &period)?;
    bring_prod_up_to_date(&lab, &period)?;
    backfill_new_model(&lab, &period)?;
    promote(&lab)?;
    run_prod(&lab)
}

fn generate_events(lab: &Lab, period: &Period) -> Result<()> {
    let events = format!(
        r#"{{"first_day": "{}", "last_day": "{}", "gap_start": "{}", "gap_days": {}}}"#,
        period.first_event, period.yesterday, period.gap, period.gap_days
    );
    lab.quietly("dbt", &["run-operation", "generate_events", "--args", &events]).map(drop)
}

fn bring_prod_up_to_date(lab: &Lab, period: &Period) -> Result<()> {
    say("Bring prod up to date. The new model does not exist yet.");
    let packages = ["--select", "package:snowplow_shop", "package:snowplow_site"];
    let before = ["--vars", "storefront__new_models: false"];
    let start = period.start.to_string();
    let target = ["--target", "prod", "--limit-days", "365", "--start-date", &start];
    show(lab, &[&["run"], &packages[..], &before, &target].concat())
}

fn backfill_new_model(lab: &Lab, period: &Period) -> Result<()> {
    let start = period.start.to_string();
    let new_model = ["--select", "+page_engagement+", "--target", "staging", "--start-date", &start];
    say("Now there is a new model, page_engagement. Show what a backfill in staging would do.");
    show(lab, &[&["plan"], &new_model[..]].concat())?;
    say("Backfill it window by window, across the gap in one jump, until it is up to date.");
    show(lab, &[&["run"], &new_model[..]].concat())
}

fn promote(lab: &Lab) -> Result<()> {
    let promotion = ["promote", "--select", "+page_engagement+", "--target", "staging", "--to", "prod"];
    let scripts = ["--out-dir", "promotion"];
    say("Write the promotion to prod as three scripts, for review.");
    show(lab, &[&promotion[..], &scripts].concat())?;
    say("Execute these scripts: copy and record as one unit, then compare both sides.");
    show(lab, &[&promotion[..], &scripts, &["--apply"]].concat())
}

fn run_prod(lab: &Lab) -> Result<()> {
    say("Run prod with dbt alone. It is a standard run, which reads only the last hours.");
    let before = Prod::of(lab)?;
    anstream::println!("\x1b[36m$ dbt run --target prod\x1b[0m");
    let said = lab.quietly("dbt", &["--no-use-colors", "run", "--target", "prod"])?;
    let telling = said.lines().filter(|line| line.contains("Snowplow:") || line.contains("Done."));
    telling.for_each(|line| anstream::println!("{line}"));
    if said.matches("Standard incremental run").count() != 2 {
        bail!("a package was not in the standard state:\n{said}");
    }
    before.check(lab)
}

/// What prod's next run must start from, and must not change.
struct Prod {
    /// Each package, and where its window must start.
    windows: Vec<(&'static str, String)>,
    /// Number and digest of the new model's rows before any of these windows.
    old_rows: String,
}

impl Prod {
    fn of(lab: &Lab) -> Result<Self> {
        let mut windows = Vec::new();
        for package in ["snowplow_shop", "snowplow_site"] {
            let began = lab.value(&format!(
                "select min(last_success) - interval '{LOOKBACK_HOURS} hours' from \
                 prod_snowplow_manifest.{package}_incremental_manifest"
            ))?;
            windows.push((package, began));
        }
        let old_rows = Self::old_rows(lab, &windows)?;
        if old_rows.starts_with("0 ") {
            bail!("the new model has no old rows in prod");
        }
        Ok(Self { windows, old_rows })
    }

    fn old_rows(lab: &Lab, windows: &[(&str, String)]) -> Result<String> {
        let first = windows.iter().map(|(_, began)| began.as_str()).min().unwrap_or_default();
        lab.value(&format!(
            "select count(*) || ' rows, digest ' || sum(hash(t)) from prod_derived.page_engagement as t \
             where start_tstamp < timestamp '{first}'"
        ))
    }

    fn check(&self, lab: &Lab) -> Result<()> {
        for (package, expected) in &self.windows {
            let began =
                lab.value(&format!("select lower_limit from prod_scratch.{package}_base_new_event_limits"))?;
            if began != *expected {
                bail!("the window of {package} starts at {began} instead of {expected}");
            }
        }
        let now = Self::old_rows(lab, &self.windows)?;
        if now != self.old_rows {
            bail!("old rows changed: {} before, {now} after", self.old_rows);
        }
        anstream::println!("page_engagement before the windows: {now}, unchanged by the run");
        Ok(())
    }
}

fn say(text: &str) {
    anstream::println!("\n\x1b[1m# {text}\x1b[0m");
}

fn show(lab: &Lab, arguments: &[&str]) -> Result<()> {
    let quoted: Vec<_> = arguments
        .iter()
        .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
        .collect();
    anstream::println!("\x1b[36m$ snowplow-backfill {}\x1b[0m", quoted.join(" "));
    let status =
        lab.command("snowplow-backfill").args(arguments).status().context("cannot start the tool")?;
    if !status.success() {
        bail!("the demo's command failed: {status}");
    }
    Ok(())
}
