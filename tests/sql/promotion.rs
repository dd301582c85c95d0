//! What a promotion must stand, on an engine for Spark's tables: stops at every place, a second execution, a rollback, and a
//! staging or a prod that is not as it was planned.

use std::collections::{BTreeMap, BTreeSet};

use snowplow_backfill::warehouse::Dialect;

use crate::support::{Lab, Rows, statements};

/// A promotion's scripts, and what they are about.
pub struct Promotion<'a> {
    /// Spark with Iceberg, or Databricks with Delta.
    pub dialect: Dialect,
    /// Does it.
    pub promote: &'a str,
    /// Takes it back.
    pub rollback: &'a str,
    /// Shows in each row: what, staging's value, prod's value.
    pub verify: &'a str,
    /// The models whose rows are recorded.
    pub models: &'a [Model<'a>],
}

/// A model. Relations are SQL, as in the scripts.
pub struct Model<'a> {
    /// Its name in the incremental manifests.
    pub name: &'a str,
    /// Staging's row.
    pub last_success: &'a str,
    /// Prod's row before, of a model that is replaced.
    pub replaced_row: Option<&'a str>,
    /// Whether its package's manifests have a column `first_success`.
    pub has_first_success: bool,
    /// The incremental manifest in staging.
    pub staging_manifest: &'a str,
    /// The incremental manifest in prod.
    pub prod_manifest: &'a str,
    /// What is copied; not for helpers and views, of which only the row counts.
    pub table: Option<Table<'a>>,
}

/// A table that is copied.
pub struct Table<'a> {
    /// In staging.
    pub staging: &'a str,
    /// In prod.
    pub prod: &'a str,
    /// Whether prod has one, which is replaced.
    pub replaced: bool,
    /// Names, and Spark's expressions for their values, in which `id` counts the rows.
    pub columns: &'a [(&'a str, &'a str)],
}

/// Executes the scripts in all the ways that they must stand.
///
/// # Panics
/// Where they do not. Answers with the engine's stand-ins for what it does not know, see `sail.py`.
pub fn prove(promotion: &Promotion<'_>) -> Vec<String> {
    let mut trial = Trial::new(promotion);
    trial.a_second_execution_is_harmless();
    trial.a_rollback_leaves_no_trace();
    trial.a_stop_anywhere_is_harmless();
    trial.a_staging_that_moved_is_refused();
    trial.a_prod_that_is_not_as_planned_is_refused();
    trial.lab.stand_ins.into_iter().collect()
}

/// All tables, without the order of their rows; none for a table that is not there.
type State = BTreeMap<String, Option<Rows>>;

const ROWS: u32 = 7;
const REPLACED_ROWS: u32 = 3;
const ANOTHER_TIME: &str = "2022-02-02 02:02:02.222222";

struct Trial<'a> {
    promotion: &'a Promotion<'a>,
    promote: Vec<&'a str>,
    lab: Lab,
    before: State,
    after: State,
}

impl<'a> Trial<'a> {
    fn new(promotion: &'a Promotion<'a>) -> Self {
        let relations: Vec<_> = promotion.models.iter().flat_map(Model::relations).collect();
        let mut trial = Self {
            promotion,
            promote: statements(promotion.dialect, promotion.promote),
            lab: Lab::start(promotion.dialect, &relations),
            before: State::new(),
            after: State::new(),
        };
        trial.set_up();
        trial.before = trial.state();
        trial.after = trial.promoted();
        trial
    }

    fn format(&self) -> &'static str {
        if self.promotion.dialect == Dialect::Spark { "iceberg" } else { "delta" }
    }

    /// Staging and prod as they were when the promotion was planned.
    fn set_up(&mut self) {
        self.lab.empty();
        let mut manifests = BTreeSet::new();
        for model in self.promotion.models {
            for manifest in [model.staging_manifest, model.prod_manifest] {
                if manifests.insert(manifest) {
                    let (columns, format) = (model.manifest_columns().join(" timestamp, "), self.format());
                    let columns = columns.replacen("timestamp", "string", 1);
                    self.lab.must(&format!("create table {manifest} ({columns} timestamp) using {format}"));
                    self.lab.must(&model.row(manifest, "another_model", ANOTHER_TIME));
                }
            }
            self.lab.must(&model.row(model.staging_manifest, model.name, model.last_success));
            if let Some(time) = model.replaced_row {
                self.lab.must(&model.row(model.prod_manifest, model.name, time));
            }
            if let Some(table) = &model.table {
                self.create(table, table.staging, ROWS);
                if table.replaced {
                    self.create(table, table.prod, REPLACED_ROWS);
                }
            }
        }
    }

    fn create(&mut self, table: &Table<'_>, name: &str, rows: u32) {
        let columns: Vec<_> =
            table.columns.iter().map(|(name, value)| format!("{value} as {name}")).collect();
        let (format, columns) = (self.format(), columns.join(", "));
        self.lab.must(&format!("create table {name} using {format} as select {columns} from range({rows})"));
    }

    fn state(&mut self) -> State {
        let mut state = State::new();
        for model in self.promotion.models {
            for manifest in [model.staging_manifest, model.prod_manifest] {
                let columns = model.manifest_columns().join(", ");
                state.insert(manifest.to_owned(), self.lab.read(manifest, &columns));
            }
            if let Some(table) = &model.table {
                let columns: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
                for name in [table.staging, table.prod] {
                    state.insert(name.to_owned(), self.lab.read(name, &columns.join(", ")));
                }
            }
        }
        state
    }

    /// What the state is to be in the end: prod holds what staging holds, and nothing else has changed.
    fn promoted(&self) -> State {
        let mut state = self.before.clone();
        for model in self.promotion.models {
            if let Some(table) = &model.table {
                state.insert(table.prod.to_owned(), state[table.staging].clone());
            }
            let of_model = |row: &Vec<String>| row[0] == model.name;
            let staged =
                self.before[model.staging_manifest].iter().flatten().find(|row| of_model(row)).cloned();
            if let Some(Some(rows)) = state.get_mut(model.prod_manifest) {
                rows.retain(|row| !of_model(row));
                rows.extend(staged);
                rows.sort();
            }
        }
        state
    }

    /// A row that says that a model is there, without all of its table, would make prod's next run build it from nothing.
    fn assert_no_row_without_its_table(&mut self, when: &str) {
        let state = self.state();
        for model in self.promotion.models {
            let Some(table) = &model.table else { continue };
            if model.goes_back() {
                continue;
            }
            let rows_of = |state: &State| -> Rows {
                let rows = state[model.prod_manifest].iter().flatten();
                rows.filter(|row| row[0] == model.name).cloned().collect()
            };
            let is_recorded = rows_of(&state) == rows_of(&self.after);
            let is_whole = state[table.prod] == self.after[table.prod];
            assert!(
                is_whole || !is_recorded,
                "{when}: {} is recorded, but not whole: {state:#?}",
                model.name
            );
        }
    }

    fn assert_state(&mut self, expected: &State, when: &str) {
        assert_eq!(&self.state(), expected, "{when}");
    }

    fn a_second_execution_is_harmless(&mut self) {
        self.set_up();
        self.lab.run(&self.promote).expect("the promotion");
        let after = self.after.clone();
        self.assert_state(&after, "after the promotion");
        let compared = self.lab.run_script(self.promotion.verify).expect("the verification");
        assert!(!compared.is_empty(), "it verifies nothing");
        for row in compared.iter().flatten() {
            assert!(row.len() == 3 && row[1] == row[2] && row[1] != "null", "differs: {row:?}");
        }
        // Refused or not.
        let _ = self.lab.run(&self.promote);
        self.assert_state(&after, "after a second execution");
    }

    fn a_rollback_leaves_no_trace(&mut self) {
        let (before, after) = (self.before.clone(), self.after.clone());
        self.lab.run_script(self.promotion.rollback).expect("the rollback");
        self.assert_state(&before, "after the rollback");
        let _ = self.lab.run_script(self.promotion.rollback);
        self.assert_state(&before, "after a second rollback");
        self.lab.run(&self.promote).expect("the promotion after a rollback");
        self.assert_state(&after, "after the promotion that follows a rollback");
        self.prod_runs();
        let moved = self.state();
        self.lab.run_script(self.promotion.rollback).expect_err("a rollback after prod ran");
        self.assert_state(&moved, "after a rollback that was refused");
    }

    /// As prod's next run would leave the row of the first model.
    fn prod_runs(&mut self) {
        let Model { name, prod_manifest, .. } = self.promotion.models[0];
        self.lab.must(&format!(
            "update {prod_manifest} set last_success = last_success + interval 1 day where model = '{name}'"
        ));
    }

    fn a_stop_anywhere_is_harmless(&mut self) {
        let (before, after) = (self.before.clone(), self.after.clone());
        for place in 0..=self.promote.len() {
            let when = format!("stopped after {place} statements");
            for rolls_back in [false, true] {
                self.set_up();
                self.lab.run(&self.promote[..place]).expect("its first statements");
                self.assert_no_row_without_its_table(&when);
                if rolls_back {
                    // It may be refused where there is nothing to take back yet.
                    let _ = self.lab.run_script(self.promotion.rollback);
                    self.assert_state(&before, &format!("{when}, rolled back"));
                } else {
                    // Once it is complete, it may be refused.
                    let finished = self.lab.run(&self.promote);
                    assert!(finished.is_ok() || place == self.promote.len(), "{when}, then: {finished:?}");
                    self.assert_state(&after, &format!("{when}, executed again"));
                }
            }
        }
    }

    fn a_staging_that_moved_is_refused(&mut self) {
        for model in self.promotion.models {
            let Model { name, staging_manifest, .. } = model;
            let moved = format!(
                "update {staging_manifest} set last_success = last_success + interval 1 microsecond where model = '{name}'"
            );
            let doubled = format!(
                "insert into {staging_manifest} select * from {staging_manifest} where model = '{name}'"
            );
            let gone = format!("delete from {staging_manifest} where model = '{name}'");
            for change in [moved, doubled, gone] {
                self.set_up();
                self.lab.must(&change);
                self.refused(&format!("staging moved since it was planned: {change}"));
            }
        }
    }

    fn a_prod_that_is_not_as_planned_is_refused(&mut self) {
        for model in self.promotion.models {
            let row = model.row(model.prod_manifest, model.name, ANOTHER_TIME);
            // Also while the script is being executed, up to its last statement, which looks whether all is well.
            for place in 0..self.promote.len() {
                self.set_up();
                self.lab.run(&self.promote[..place]).expect("its first statements");
                self.lab.must(&row);
                let rest = self.lab.run(&self.promote[place..]);
                assert!(
                    rest.is_err(),
                    "{} got another row after {place} statements, and it was not noticed",
                    model.name
                );
                self.assert_no_row_without_its_table("a row appeared");
            }
            self.set_up();
            self.lab.must(&row);
            self.refused("a row that is there");
            if let Some(table) = model.table.as_ref().filter(|table| !table.replaced) {
                self.set_up();
                self.create(table, table.prod, REPLACED_ROWS);
                self.lab.run(&self.promote).expect_err("a table that is there");
                let state = self.state();
                assert_eq!(
                    state[model.prod_manifest], self.before[model.prod_manifest],
                    "a table that is there"
                );
                assert_ne!(state[table.prod], self.after[table.prod], "a table that is there");
            }
        }
    }

    /// The promotion stops, and prod is as before.
    fn refused(&mut self, why: &str) {
        let before = self.state();
        self.lab.run(&self.promote).expect_err(why);
        self.assert_state(&before, why);
    }
}

impl Model<'_> {
    fn manifest_columns(&self) -> &'static [&'static str] {
        if self.has_first_success {
            &["model", "first_success", "last_success"]
        } else {
            &["model", "last_success"]
        }
    }

    /// The statement that adds a row.
    fn row(&self, manifest: &str, model: &str, time: &str) -> String {
        let times = vec![format!("timestamp '{time}Z'"); self.manifest_columns().len() - 1].join(", ");
        format!("insert into {manifest} values ('{model}', {times})")
    }

    /// Whether prod's row is set back: that comes before the table, so that prod reads too much rather than too little.
    fn goes_back(&self) -> bool {
        self.replaced_row.is_some_and(|before| before > self.last_success)
    }

    fn relations(&self) -> impl Iterator<Item = &str> {
        let tables = self.table.iter().flat_map(|table| [table.staging, table.prod]);
        [self.staging_manifest, self.prod_manifest].into_iter().chain(tables)
    }
}
