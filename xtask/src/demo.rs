//! The main job in front of the user's eyes, on embedded DuckDB.

use anyhow::{Context, Result, bail};
use chrono::{Days, Local, NaiveDate};

use crate::lab::Lab;

/// Three years of events up to yesterday, with a gap of 200 days in them.
struct Period {
    start: NaiveDate,
    first_event: NaiveDate,
    gap: NaiveDate,
    yesterday: NaiveDate,
}

impl Period {
    fn until_yesterday() -> Self {
        let yesterday = Local::now().date_naive() - Days::new(1);
        let start = yesterday - Days::new(3 * 365);
        Self { start, first_event: start + Days::new(4), gap: start + Days::new(420), yesterday }
    }
}

/// Runs the demo.
pub fn run() -> Result<()> {
    let lab = Lab::create("demo")?;
    // One new model with its helper and a view on it; the fixture project has more.
    lab.remove(&["models/shop", "models/site/daily_traffic.sql"])?;
    let period = Period::until_yesterday();
    let start = period.start.to_string();

    say("A shop's dbt project with two Snowplow packages, and three years of events with a gap of 200 days.");
    let events = format!(
        r#"{{"first_day": "{}", "last_day": "{}", "gap_start": "{}", "gap_days": 200}}"#,
        period.first_event, period.yesterday, period.gap
    );
    lab.quietly("dbt", &["run-operation", "generate_events", "--args", &events])?;

    say("Prod is caught up; the new model is not written yet.");
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

    say("Backfill it: window by window, over the gap in one jump, until it is caught up.");
    show(&lab, &[&["run"], &new_model[..]].concat())?;

    say("What would bring it to prod? Three scripts to look at.");
    let promotion = ["promote", "--select", "+page_engagement+", "--target", "staging", "--to", "prod"];
    let scripts = ["--out-dir", "promotion"];
    show(&lab, &[&promotion[..], &scripts].concat())?;

    say("Execute just that: copy and record as one unit, then compare both sides.");
    show(&lab, &[&promotion[..], &scripts, &["--apply"]].concat())?;

    say("Prod's next run, by dbt alone, is a standard run: it reads the last hours, and nothing old.");
    anstream::println!("\x1b[36m$ dbt run --target prod\x1b[0m");
    let said = lab.quietly("dbt", &["--no-use-colors", "run", "--target", "prod"])?;
    let telling = said.lines().filter(|line| line.contains("Snowplow:") || line.contains("Done."));
    telling.for_each(|line| anstream::println!("{line}"));
    if said.matches("Standard incremental run").count() != 2 {
        bail!("a package was not in the standard state:\n{said}");
    }
    Ok(())
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
