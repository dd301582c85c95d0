//! The events of `--format json` and of journals: one sample of each, from which names and fields are read.
//!
//! A new event or field does not compile here, or fails, until it has a sample and a meaning.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use snowplow_backfill::dbt::{DbtCall, ModelFinished, Purpose};
use snowplow_backfill::event::{
    Comparison, Event, Finish, LimitRaised, PackageRun, PackageScope, PackageState, PromotionCompared,
    PromotionDetail, PromotionFinished, PromotionLeftNothing, PromotionStarted, PromotionTask, RaiseReason,
    RunFinished, Start, StatementFinished, StatementStarted,
};
use snowplow_backfill::failure::{Complaint, Failure, FailureKind};
use snowplow_backfill::outcome::Outcome;
use snowplow_backfill::snowplow::{Progress, StandIn, State, Window};
use snowplow_backfill::timestamp::Timestamp;

use crate::{code, table};

/// When an event is written.
fn meaning(event: &Event) -> &'static str {
    match event {
        Event::DbtCalled(_) => "dbt is about to be called.",
        Event::Warning { .. } => "The user should know something that stops nothing.",
        Event::Note { .. } => {
            "Something that most users may ignore. At most one for each package, at the end."
        }
        Event::BackfillStarted(_) => "The selection and the packages are known. Nothing is built yet.",
        Event::StateRead { .. } => "The incremental manifests were read for the first time.",
        Event::RunStarted { .. } => "A run is about to start.",
        Event::ModelFinished(_) => "A model has ended within a run.",
        Event::RunFinished(_) => "A run was good.",
        Event::LimitRaised(_) => "A package stalled. The next run gets a larger limit.",
        Event::DbtFailed { .. } => "dbt has failed. The backfill ends.",
        Event::BackfillFinished(_) => "The backfill has ended. This is always its last event.",
        Event::PromotionStarted(_) => {
            "The statements of a promotion, of its rollback, or of dropping backups are about to be executed."
        }
        Event::StatementStarted(_) => "A statement is about to be executed.",
        Event::StatementFinished(_) => "A statement was executed.",
        Event::PromotionCompared(_) => "Staging and prod were compared after a promotion.",
        Event::PromotionLeftNothing(_) => {
            "A promotion that was stopped earlier turns out to have left nothing in prod."
        }
        Event::PromotionFinished(_) => "A promotion, its rollback, or the dropping of backups has ended.",
    }
}

/// What a field holds, whichever event it is in.
const FIELDS: &[(&str, &str)] = &[
    ("adapter", "dbt's adapter: `duckdb`, `postgres`, …; null if a record does not tell"),
    ("after", "the frontier after the run"),
    ("at", "the frontier at which the package stalled"),
    ("before", "the frontier before the run"),
    ("by", "the flag that stopped the backfill"),
    ("bytes", "bytes that the statement read; null if the adapter does not tell"),
    ("call", "what dbt was asked for: `dbt run`"),
    ("command", "the command line of dbt, quoted for a POSIX shell"),
    ("complaints", "dbt's messages, the decisive one first"),
    ("comparisons", "what was compared, with its value in staging and in prod"),
    ("continues", "whether a promotion that was stopped is finished"),
    ("dbt_version", "the version of dbt"),
    ("details", "what the promotion does, a line each, for people"),
    ("error", "what stopped the promotion; null if nothing did"),
    ("executed", "number of statements that were executed"),
    ("exit", "how dbt ended: `exit code 1`, `signal 9`"),
    ("exit_code", "this tool's exit code"),
    ("failure", "the call of dbt that failed"),
    ("first_run_only", "flags that hold for the first run; leave them out to continue this backfill"),
    ("folder", "the path of the record's folder; null if there is none"),
    ("from", "the target that is promoted from; null if there is none"),
    ("from_days", "the limit so far, in days"),
    (
        "frontier",
        "where the package stands: the smallest `last_success`, or the start date; null if neither is known",
    ),
    ("frontiers", "pairs of a package and its frontier"),
    ("hint", "what to do about the failure, where that is known"),
    ("incremental_manifest", "the incremental manifest, as dbt renders the relation"),
    ("index", "the model's place among the run's nodes, from 1"),
    ("is_equal", "whether staging and prod were equal afterwards; null if they were not compared"),
    ("journal", "the path of this backfill's journal"),
    ("kind", "where in dbt's work the failure happened"),
    ("label", "what kind of line it is: `table`, `rows`, `note`"),
    (
        "limit_days",
        "the limit (`snowplow__backfill_limit_days`) of the run; in `backfill_started` of the first run",
    ),
    ("log", "the path of dbt's log of this call"),
    ("lower", "where a window begins"),
    ("message", "a text for people"),
    ("model", "the name of a model"),
    (
        "models",
        "the selected models that are built, or those that are promoted: their names, or in `run_finished` their number",
    ),
    ("models_to_run", "the string that dbt gets as `models_to_run`"),
    ("more", "whether there is more to do"),
    ("next", "what to do next, for people; null if nothing"),
    (
        "next_event",
        "the time of the next event that the package is not known to leave out; null if it is not known or there is none",
    ),
    ("node", "dbt's `unique_id` of the node that failed"),
    ("now", "the warehouse's own clock; in `run_finished` as it was read before the run"),
    ("outcome", "how the backfill ended"),
    ("package", "the name of a Snowplow package, as its on-run-end hook gives it"),
    ("packages", "the packages that the selection touches"),
    ("planned_at", "when the promotion was planned; null where backups are dropped"),
    ("prod", "the value in prod; null if it has none"),
    ("progress", "what the run achieved"),
    ("project", "the name of the dbt project"),
    ("purpose", "what the call of dbt is for"),
    ("query_id", "the statement's id in the warehouse's own history; null if the adapter does not tell"),
    ("reason", "why: of a raised limit, or of a refusal"),
    ("result", "what follows from it, for people"),
    (
        "rows",
        "rows that the models' last statements touched, or that a statement wrote; null if the adapter does not tell",
    ),
    ("run", "the number of the run, from 1; in `dbt_failed` null if it was not a run that failed"),
    ("runs", "the number of good runs"),
    (
        "runs_left",
        "how many runs it takes to reach now, at least and with the current limit; null if not known",
    ),
    ("seconds", "how long it took"),
    ("selection", "the selection arguments, as given"),
    ("signal", "the number of the signal"),
    ("sql", "the statement"),
    ("stand_ins", "one tracked model of each package that the selection does not touch"),
    ("staging", "the value in staging; null if it has none"),
    ("state", "the state of the run, or of the next one"),
    ("statement", "the statement's place, from 1"),
    ("status", "dbt's word: `success`, `error`, `skipped`"),
    (
        "stopped_at",
        "the statement at which the promotion stopped, from 1; null if not known, or if it did not",
    ),
    ("strategy", "how tables are copied; null where none is, or where a promotion is continued"),
    ("target", "the target that was asked for; null for the profile's default"),
    ("task", "what the statements are for"),
    ("text", "the line"),
    ("title", "what the statement is for"),
    ("to", "the target that is promoted to"),
    ("to_days", "the limit of the next run, in days"),
    ("tool_version", "the version of this tool"),
    ("total", "how many nodes the run has, or statements the script"),
    ("tracked", "the package's tracked models that are selected"),
    ("until", "the time that `--until` names"),
    ("upper", "where a window ends"),
    ("what", "what was compared"),
    ("window", "the limits of the run in event time; null if they are not known before it"),
];

fn time() -> Timestamp {
    "2024-01-02 03:04:05".parse().expect("a time")
}

fn package_state() -> PackageState {
    PackageState {
        package: String::new(),
        state: State::Standard,
        frontier: Some(time()),
        window: Some(Window { lower: time(), upper: time() }),
        runs_left: Some(1),
    }
}

fn start() -> Start {
    Start {
        tool_version: String::new(),
        project: String::new(),
        adapter: String::new(),
        dbt_version: String::new(),
        target: Some(String::new()),
        selection: Vec::new(),
        models: Vec::new(),
        packages: vec![PackageScope {
            package: String::new(),
            tracked: Vec::new(),
            incremental_manifest: String::new(),
        }],
        stand_ins: vec![StandIn { package: String::new(), model: String::new() }],
        models_to_run: String::new(),
        limit_days: 1,
        first_run_only: Vec::new(),
        journal: Some("journal".into()),
    }
}

fn run_finished() -> RunFinished {
    RunFinished {
        run: 1,
        limit_days: 1,
        seconds: 1.0,
        models: 1,
        rows: Some(1),
        packages: vec![PackageRun {
            package: String::new(),
            state: State::Standard,
            window: Window { lower: time(), upper: time() },
            before: Some(time()),
            after: Some(time()),
            progress: Progress::CaughtUp,
        }],
        now: time(),
    }
}

fn failure() -> Failure {
    Failure {
        call: String::new(),
        kind: FailureKind::Model,
        exit: String::new(),
        complaints: vec![Complaint { node: Some(String::new()), message: String::new() }],
        log: Some("log".into()),
        hint: Some(String::new()),
    }
}

/// One of each event, in the order in which they are written; the last one of a backfill with each ending.
fn samples() -> Vec<Event> {
    let call = DbtCall { purpose: Purpose::Run, command: String::new() };
    let model = ModelFinished {
        run: 1,
        index: 1,
        total: 1,
        model: String::new(),
        status: String::new(),
        seconds: 1.0,
    };
    let raised = LimitRaised {
        package: String::new(),
        at: Some(time()),
        next_event: Some(time()),
        from_days: 1,
        to_days: 2,
        reason: RaiseReason::Gap,
    };
    let mut samples = vec![
        Event::DbtCalled(call),
        Event::Warning { message: String::new() },
        Event::Note { message: String::new() },
        Event::BackfillStarted(start()),
        Event::StateRead { now: time(), packages: vec![package_state()] },
        Event::RunStarted { run: 1, limit_days: 1, packages: vec![package_state()] },
        Event::ModelFinished(model),
        Event::RunFinished(run_finished()),
        Event::LimitRaised(raised),
        Event::DbtFailed { run: Some(1), failure: failure() },
    ];
    samples.extend(snowplow_backfill::outcome::Outcome::all().into_iter().map(|outcome| {
        let frontiers = vec![(String::new(), Some(time()))];
        Event::BackfillFinished(Finish { outcome, runs: 1, seconds: 1.0, exit_code: 0, frontiers })
    }));
    samples.extend(samples_of_promotions());
    let known: BTreeSet<_> = samples.iter().map(name).collect();
    assert_eq!(known, variants::<Event>(Some("event")), "an event has no sample");
    samples
}

/// The events of a promotion, in the order in which they are written.
fn samples_of_promotions() -> Vec<Event> {
    let started = PromotionStarted {
        task: PromotionTask::Promotion,
        from: Some(String::new()),
        to: String::new(),
        adapter: Some(String::new()),
        strategy: Some(String::new()),
        models: Vec::new(),
        planned_at: Some(time()),
        continues: false,
        stopped_at: Some(1),
        total: 1,
        details: vec![PromotionDetail { label: String::new(), text: String::new() }],
        folder: "folder".into(),
    };
    let statement = StatementFinished {
        statement: 1,
        total: 1,
        title: String::new(),
        sql: String::new(),
        rows: Some(1),
        bytes: Some(1),
        query_id: Some(String::new()),
        seconds: 1.0,
    };
    let comparison =
        Comparison { what: String::new(), staging: Some(String::new()), prod: Some(String::new()) };
    vec![
        Event::PromotionLeftNothing(PromotionLeftNothing {
            to: String::new(),
            models: Vec::new(),
            planned_at: time(),
        }),
        Event::PromotionStarted(started),
        Event::StatementStarted(StatementStarted { statement: 1, total: 1, title: String::new() }),
        Event::StatementFinished(statement),
        Event::PromotionCompared(PromotionCompared { comparisons: vec![comparison] }),
        Event::PromotionFinished(PromotionFinished::default()),
    ]
}

fn name(event: &Event) -> String {
    serde_json::to_value(event).expect("JSON")["event"].as_str().expect("a name").to_owned()
}

/// The names of an enum's variants: serde lists them if it gets another name. `tag` is the field of the name.
pub fn variants<T: DeserializeOwned>(tag: Option<&str>) -> BTreeSet<String> {
    let none = "no-such-variant";
    let value = tag.map_or_else(|| none.into(), |tag| json!({ tag: none }));
    let error = serde_json::from_value::<T>(value).err().expect("an unknown variant").to_string();
    let (_, names) = error.split_once("expected one of ").expect("a list of names");
    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// Fields and the fields below them.
#[derive(Default)]
struct Fields(Vec<(String, Fields)>);

impl Fields {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.entry(name).add(value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.add(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn entry(&mut self, name: &str) -> &mut Self {
        let place = self.0.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.0.push((name.to_owned(), Self::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn text(&self) -> String {
        let field = |(name, below): &(String, Self)| match below.0.as_slice() {
            [] => format!("`{name}`"),
            _ => format!("`{name}` ({})", below.text()),
        };
        self.0.iter().map(field).collect::<Vec<_>>().join(", ")
    }

    fn names(&self) -> BTreeSet<String> {
        let below = self.0.iter().flat_map(|(_, below)| below.names());
        self.0.iter().map(|(name, _)| name.clone()).chain(below).collect()
    }
}

/// All events: name, meaning and fields.
fn events() -> Vec<(String, &'static str, Fields)> {
    let mut events: Vec<(String, &'static str, Fields)> = Vec::new();
    for sample in samples() {
        let mut value = serde_json::to_value(&sample).expect("JSON");
        value.as_object_mut().expect("an object").shift_remove("event");
        let name = name(&sample);
        if events.last().is_none_or(|(last, ..)| *last != name) {
            events.push((name, meaning(&sample), Fields::default()));
        }
        events.last_mut().expect("an event").2.add(&value);
    }
    events
}

/// What an event is a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum IsOf {
    Backfill,
    Promotion,
}

pub fn table_of_events(wanted: IsOf) -> String {
    let mut rows = events();
    rows.retain(|(name, ..)| {
        let of_promotions = name.starts_with("promotion_") || name.starts_with("statement_");
        of_promotions == (wanted == IsOf::Promotion)
    });
    let rows = rows
        .iter()
        .map(|(name, meaning, fields)| [format!("`{name}`"), (*meaning).to_owned(), fields.text()]);
    table(["`event`", "when", "fields"], rows)
}

pub fn table_of_fields() -> String {
    let used: BTreeSet<_> = events().iter().flat_map(|(.., fields)| fields.names()).collect();
    let told: BTreeSet<_> = FIELDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(used, told, "each field has a meaning, and each meaning a field");
    let rows = FIELDS.iter().map(|(name, meaning)| [format!("`{name}`"), (*meaning).to_owned()]);
    table(["field", "meaning"], rows)
}

pub fn table_of_values() -> String {
    let kinds = [
        ("purpose", variants::<Purpose>(None)),
        ("state", variants::<State>(None)),
        ("progress", variants::<Progress>(None)),
        ("reason` of `limit_raised", variants::<RaiseReason>(None)),
        ("kind", variants::<FailureKind>(None)),
        ("outcome", variants::<Outcome>(Some("outcome"))),
        ("task", variants::<PromotionTask>(None)),
    ];
    let rows = kinds.map(|(field, values)| [format!("`{field}`"), code(values.iter().map(String::as_str))]);
    table(["field", "values"], rows)
}
