//! What the tests of the contract share: calls of dbt, the packages' lines on the console, their tables.

use chrono::{NaiveDateTime, TimeDelta, Utc};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Events, Lab, Output};

pub const FIRST_RUN: &str = "No data in manifest. Processing data from start_date";
pub const NEW_MODEL: &str = "New Snowplow incremental model. Backfilling";
pub const OUT_OF_SYNC: &str = "Snowplow incremental models out of sync. Syncing";
pub const STANDARD: &str = "Standard incremental run";

pub const ENGAGEMENT: &str = "page_engagement page_engagement_this_run";
/// The same with a model of the other package, so that its hook has one to find.
pub const ENGAGEMENT_AND_STAND_IN: &str = "page_engagement page_engagement_this_run snowplow_shop_carts";
pub const BOTH_PACKAGES: &str =
    "page_engagement page_engagement_this_run engaged_visitors basket_value snowplow_shop_carts";
pub const LIMITS: &str = "snowplow_site_base_new_event_limits snowplow_shop_base_new_event_limits";

/// More than there are events for: the window ends now.
pub const NO_LIMIT: u32 = 100_000;

pub fn vars(days: u32, models_to_run: &str) -> Value {
    json!({
        "snowplow__start_date": Events::START,
        "snowplow__backfill_limit_days": days,
        "models_to_run": models_to_run,
    })
}

pub fn with(mut vars: Value, name: &str, value: impl Into<Value>) -> Value {
    vars[name] = value.into();
    vars
}

/// `dbt run` of what is selected, with spaces between; of everything if nothing is.
pub fn run(lab: &Lab, select: &str, vars: &Value) -> Output {
    run_with(lab, select, vars, &[])
}

pub fn run_with(lab: &Lab, select: &str, vars: &Value, flags: &[&str]) -> Output {
    let vars = vars.to_string();
    let mut arguments = vec!["run", "--vars", &vars];
    if !select.is_empty() {
        arguments.push("--select");
        arguments.extend(select.split(' '));
    }
    lab.dbt(&[&arguments[..], flags].concat())
}

/// The packages' lines on the console as dbt prints them after its clock, which is left out; their own clock
/// is redacted.
pub fn said(output: &Output) -> Vec<String> {
    let mut text = output.stdout.clone();
    for (pattern, replacement) in [
        (r"\x1b\[\d+m", ""),
        (r"(?m)^\d\d:\d\d:\d\d  ", ""),
        (r"(?m)^\d\d:\d\d:\d\d \+ Snowplow", "[TIME] + Snowplow"),
    ] {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, replacement).into_owned();
    }
    text.lines().filter(|line| line.contains("Snowplow")).map(str::to_owned).collect()
}

/// The same, where two packages work at once.
pub fn said_in_any_order(output: &Output) -> Vec<String> {
    let mut lines = said(output);
    lines.sort();
    lines
}

pub fn message(text: &str) -> String {
    format!("[TIME] + Snowplow: {text}")
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub lower: String,
    pub upper: String,
}

impl Window {
    pub fn new(lower: &str, upper: &str) -> Self {
        Self { lower: lower.to_owned(), upper: upper.to_owned() }
    }

    /// What the package's limits model holds.
    pub fn of(lab: &Lab, package: &str) -> Self {
        let table = format!("staging_scratch.snowplow_{package}_base_new_event_limits");
        let row = lab.lines(&format!("select lower_limit, upper_limit from {table}"));
        let (lower, upper) = row.split_once(" | ").expect("one row of two columns");
        Self::new(lower, upper)
    }

    /// What a run in this window says; one package leaves out its name.
    pub fn announced(&self, package: &str, state: &str) -> Vec<String> {
        let suffix = if package == "shop" { String::new() } else { format!(" (snowplow_{package})") };
        let [lower, upper] =
            [&self.lower, &self.upper].map(|limit| limit.split('.').next().expect("a first part"));
        vec![message(state), message(&format!("Processing data between '{lower}' and '{upper}'{suffix}"))]
    }
}

pub fn time(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").expect("a time")
}

pub fn yesterday_at(time: &str) -> String {
    format!("{} {time}", (Utc::now() - TimeDelta::days(1)).date_naive())
}

/// A moment that far from another, both at full precision.
pub fn shifted(lab: &Lab, moment: &str, interval: &str) -> String {
    lab.lines(&format!("select timestamp '{moment}' + interval '{interval}'"))
}

pub fn manifest(package: &str) -> String {
    format!("staging_snowplow_manifest.snowplow_{package}_incremental_manifest")
}

pub fn rows(lab: &Lab, package: &str) -> String {
    lab.lines(&format!("select model, last_success from {} order by 1, 2", manifest(package)))
}

/// Makes these the only rows of a package's manifest, before dbt has made its table or after.
pub fn record(lab: &Lab, package: &str, rows: &[(&str, &str)]) {
    let table = manifest(package);
    let mut statements = vec![
        "create schema if not exists staging_snowplow_manifest".to_owned(),
        format!("create table if not exists {table} (model text, last_success timestamp)"),
        format!("delete from {table}"),
    ];
    statements.extend(rows.iter().map(|(model, time)| {
        format!("insert into {table} (model, last_success) values ('{model}', '{time}')")
    }));
    lab.sql(&statements.iter().map(String::as_str).collect::<Vec<_>>());
}

/// When the last event up to a moment was collected; late ones and later copies do not count.
pub fn last_event(lab: &Lab, until: &str) -> String {
    lab.lines(&format!(
        "select max(first_copy) from (select min(collector_tstamp) as first_copy from atomic.events where \
         collector_tstamp <= timestamp '{until}' and dvce_sent_tstamp <= dvce_created_tstamp + interval '3 \
         days' group by event_id) as copies"
    ))
}

pub fn count(lab: &Lab, table: &str) -> usize {
    lab.lines(&format!("select count(*) from {table}")).parse().expect("a number")
}
