//! Shows a backfill and a promotion on embedded DuckDB.

use anyhow::{Context, Result, bail};
use chrono::{Days, Local, NaiveDate};

use crate::lab::Lab;

/// Days of events by default.
pub const DAYS: u64 = 3 * 365;

/// How far each package's window reaches back.
const LOOKBACK_HOURS: u32 = 6;

/// Events up to yesterday, with a gap in them.
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

/// Runs the demo.
pub fn run(days: u64) -> Result<()> {
    let lab = Lab::create("demo")?;
    // One new model with its helper and a view on it; the fixture project has more.
    lab.remove(&["models/shop", "models/site/daily_traffic.sql"])?;
    let period = Period::until_yesterday(days);
    let start = period.start.to_string();

    say(&format!(
        "A shop's dbt project with two Snowplow packages, and {days} days of events with a gap of {} days.",
        period.gap_days
    ));
    let events = format!(
        r#"{{"first_day": "{}", "last_day": "{}", "gap_start": "{}", "gap_days": {}}}"#,
        period.first_event, period.yesterday, period.gap, period.gap_days
    );
    lab.quietly("dbt", &["run-operation", "generate_events", "--args", &events])?;

    say("Prod is up to date. The new model does not exist yet.");
    let packages = ["--select", "package:snowplow_shop", "package:snowplow_site"];
    let before = ["--vars", "storefront__new_models: false"];
    show(
        &lab,
        &[
            &["run"],
            &packages[..],
            &before,
            &["--target", "prod", "--limit-days", "365", "--start-date", &start],
        ]
        .concat(),
    )?;

    say("Now there is a new model, page_engagement. What would a backfill in staging do?");
    let new_model = ["--select", "+page_engagement+", "--target", "staging", "--start-date", &start];
    show(&lab, &[&["plan"], &new_model[..]].concat())?;

    say("Backfill it, window by window, over the gap in one jump, until it is up to date.");
    show(&lab, &[&["run"], &new_model[..]].concat())?;

    say("What would promote it to prod? Three scripts for review.");
    let promotion = ["promote", "--select", "+page_engagement+", "--target", "staging", "--to", "prod"];
    let scripts = ["--out-dir", "promotion"];
    show(&lab, &[&promotion[..], &scripts].concat())?;

    say("Execute exactly that: copy and record as one unit, then compare both sides.");
    show(&lab, &[&promotion[..], &scripts, &["--apply"]].concat())?;

    say("Prod's next run, by dbt alone, is a standard run. It reads the last hours and nothing older.");
    let before = Prod::of(&lab)?;
    anstream::println!("\x1b[36m$ dbt run --target prod\x1b[0m");
    let said = lab.quietly("dbt", &["--no-use-colors", "run", "--target", "prod"])?;
    let telling = said.lines().filter(|line| line.contains("Snowplow:") || line.contains("Done."));
    telling.for_each(|line| anstream::println!("{line}"));
    if said.matches("Standard incremental run").count() != 2 {
        bail!("a package was not in the standard state:\n{said}");
    }
    before.check(&lab)
}

/// What prod's next run must leave alone.
struct Prod {
    /// Each package, and where its window must begin.
    windows: Vec<(&'static str, String)>,
    /// Number and digest of the new model's rows before these windows.
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
            bail!("prod has no old rows of the new model");
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
                bail!("{package} read from {began}, but {expected} was expected");
            }
        }
        let now = Self::old_rows(lab, &self.windows)?;
        if now != self.old_rows {
            bail!("old rows changed: {} before, {now} after", self.old_rows);
        }
        anstream::println!("page_engagement before that: {now}, as before the run");
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
