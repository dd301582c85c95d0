//! What a promotion does to the tables of an engine: as much of its plan as can be seen there.

use std::collections::BTreeSet;

use anyhow::Result;
use snowplow_backfill::promote::{Action, Facts, Ledger, Plan, Script, Scripts, Table, Wishes};
use snowplow_backfill::snowplow::Family;
use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::warehouse::Dialect;

use crate::cases;
use crate::support::statements;

/// A promotion's scripts, and what they are about. Names of relations and columns are SQL.
#[derive(Debug, Clone)]
pub struct Promotion {
    pub dialect: Dialect,
    /// Does it, statement by statement.
    pub promote: Vec<String>,
    /// Takes it back.
    pub rollback: Vec<String>,
    /// Shows in each row: what, staging's value, prod's value.
    pub verify: Vec<String>,
    pub manifests: Vec<Manifests>,
    pub tables: Vec<Copied>,
}

/// The two incremental manifests of a package.
#[derive(Debug, Clone)]
pub struct Manifests {
    pub staging: String,
    pub prod: String,
    /// Its rows have a `first_success` too.
    pub has_first_success: bool,
    /// Rows as they were when the promotion was planned.
    pub staging_rows: Vec<Row>,
    pub prod_rows: Vec<Row>,
    /// Prod's rows that the promotion adds or moves, as they are to be.
    pub promoted: Vec<Row>,
}

/// A row of an incremental manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub model: String,
    pub first_success: Timestamp,
    pub last_success: Timestamp,
}

/// A table that is copied.
#[derive(Debug, Clone)]
pub struct Copied {
    pub model: String,
    pub staging: String,
    pub prod: String,
    pub before: Before,
    /// Names, and Spark's expressions for their values, in which `id` counts the rows.
    pub columns: Vec<(String, &'static str)>,
}

/// What prod has of a table before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    Nothing,
    /// Another table, which is replaced.
    Another,
    /// The copy, made by somebody else.
    Copy,
}

/// The golden cases that a warehouse can promote; none twice, where two of them are the same to it.
pub fn promotions(dialect: Dialect) -> Vec<(&'static str, Promotion)> {
    let mut scripts = BTreeSet::new();
    let promotion =
        |case: &cases::Case| Promotion::of(&(case.facts)(dialect).ok()?, (case.wishes)(dialect)).ok();
    let promotions = cases::all().into_iter().filter_map(|case| Some((case.name, promotion(&case)?)));
    promotions.filter(|(_, promotion)| scripts.insert(promotion.promote.clone())).collect()
}

/// Says which case is next.
#[expect(clippy::print_stdout, reason = "shown where a test fails")]
pub fn say(name: &str, dialect: Dialect) {
    println!("{name} on {dialect}");
}

impl Promotion {
    /// What is planned from facts, and the scripts that are written for it.
    pub fn of(facts: &Facts, wishes: Wishes) -> Result<Self> {
        let plan = Plan::of(facts, wishes, "2023-11-12 13:14:15".parse()?)?;
        let scripts = Scripts::of(&plan)?;
        let cut = |script: &Script| {
            let text = script.to_text();
            statements(facts.dialect, &text).into_iter().map(str::to_owned).collect()
        };
        Ok(Self {
            dialect: facts.dialect,
            promote: cut(&scripts.promote),
            rollback: cut(&scripts.rollback),
            verify: cut(&scripts.verify),
            manifests: plan.ledgers.iter().map(|ledger| Manifests::of(ledger, facts)).collect(),
            tables: plan.tables.iter().map(|table| Copied::of(table, facts.dialect)).collect(),
        })
    }

    /// All tables of both sides that are looked at.
    pub fn relations(&self) -> impl Iterator<Item = &str> {
        let manifests = self.manifests.iter().flat_map(|it| [it.staging.as_str(), &it.prod]);
        manifests.chain(self.tables.iter().flat_map(|it| [it.staging.as_str(), &it.prod]))
    }
}

impl Row {
    /// A model that has processed one run's events.
    pub fn at(model: &str, time: Timestamp) -> Self {
        Self { model: model.to_owned(), first_success: time, last_success: time }
    }
}

impl Manifests {
    fn of(ledger: &Ledger, facts: &Facts) -> Self {
        let package =
            facts.packages.iter().find(|package| package.name == ledger.package).expect("its package");
        let tables = package.tables.as_ref();
        let read = |rows: Option<&Vec<snowplow_backfill::snowplow::Row>>| -> Vec<Row> {
            let known = rows.into_iter().flatten();
            known.filter_map(|row| Some(Row::at(&row.model, row.last_success?))).collect()
        };
        let mut staging_rows = read(tables.and_then(|tables| tables.staging_rows.as_ref()));
        let mut prod_rows = read(tables.and_then(|tables| tables.prod_rows.as_ref()));
        if tables.is_none() {
            // Planned without a connection: anything may be there, as long as staging's rows are of one time.
            let last_success = "2023-10-11 10:11:12.123456".parse().expect("a timestamp");
            let row = |model: &str| Row::at(model, last_success);
            staging_rows.extend(ledger.models().map(row));
            prod_rows.push(row("another_model"));
        }
        for row in &mut prod_rows {
            let first = tables.and_then(|tables| tables.prod_first_success.get(&row.model));
            row.first_success = first.copied().unwrap_or(row.first_success);
        }
        let recorded = ledger.recorded().unwrap_or(staging_rows[0].last_success);
        Self {
            staging: ledger.staging.to_string(),
            prod: ledger.prod.to_string(),
            has_first_success: ledger.family == Family::Load,
            promoted: ledger.models().map(|model| Row::at(model, recorded)).collect(),
            staging_rows,
            prod_rows,
        }
    }

    /// Its columns.
    pub fn columns(&self) -> &'static [&'static str] {
        if self.has_first_success {
            &["model", "first_success", "last_success"]
        } else {
            &["model", "last_success"]
        }
    }

    /// Whether prod's row of a model is set back. That comes before its table, so that prod reads too much
    /// rather than too little.
    pub fn goes_back(&self, model: &str) -> bool {
        let time = |rows: &[Row]| rows.iter().find(|row| row.model == model).map(|row| row.last_success);
        time(&self.prod_rows) > time(&self.promoted)
    }
}

impl Copied {
    fn of(table: &Table, dialect: Dialect) -> Self {
        let facts = &table.facts;
        let known = facts.physical.columns.iter().map(|column| column.name.as_str());
        let mut names = vec!["view_id", "start_tstamp", "start_tstamp_date", "engaged_seconds", "contexts"];
        names.extend(known.filter(|name| {
            !["view_id", "start_tstamp", "start_tstamp_date", "engaged_seconds"].contains(name)
        }));
        Self {
            model: table.model.clone(),
            staging: facts.staging.to_string(),
            prod: facts.prod.to_string(),
            before: match table.action {
                Action::Create => Before::Nothing,
                Action::Replace { .. } => Before::Another,
                Action::Keep => Before::Copy,
            },
            columns: names.into_iter().map(|name| (dialect.column(name), values(name))).collect(),
        }
    }
}

/// Values of a column of this name: nulls, microseconds, letters beyond ASCII, things within things.
fn values(column: &str) -> &'static str {
    match column {
        "view_id" => "concat('view ', id)",
        "start_tstamp" => "timestamp '2023-10-10 23:59:59.999999Z' - make_dt_interval(cast(id % 5 as int))",
        "start_tstamp_date" => "date '2023-10-10' - cast(id % 5 as int)",
        "engaged_seconds" => "cast(id / 3.0 as decimal(18, 6))",
        "contexts" => "array(named_struct('name', concat('ä', id), 'value', id))",
        _ => "nullif(concat('user ', id % 2), 'user 0')",
    }
}
