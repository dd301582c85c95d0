//! What a promotion must stand: stops at every place, a second execution, a rollback, and a staging or a prod
//! that is not as it was planned.

use std::collections::BTreeMap;

use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::warehouse::Dialect;

use crate::promotion::{Before, Copied, Manifests, Promotion, Row};
use crate::support::{Lab, Rows};

/// A promotion on an engine.
pub struct Trial<'a> {
    promotion: &'a Promotion,
    lab: &'a mut Lab,
    before: State,
    after: State,
}

/// All tables, without the order of their rows; none for a table that is not there.
type State = BTreeMap<String, Option<Rows>>;

const ROWS: u32 = 7;
const OTHER_ROWS: u32 = 3;

impl<'a> Trial<'a> {
    /// Prepares it.
    pub fn new(lab: &'a mut Lab, promotion: &'a Promotion) -> Self {
        let mut trial = Self { promotion, lab, before: State::new(), after: State::new() };
        trial.set_up();
        trial.before = trial.state();
        trial.after = trial.promoted();
        trial
    }

    /// Executed as it is meant to be, twice, taken back twice, executed again.
    pub fn stands_what_is_usual(&mut self) {
        self.a_second_execution_is_harmless();
        self.a_rollback_leaves_no_trace();
    }

    /// Stopped, and on tables that are not as they were planned.
    pub fn stands_what_is_unusual(&mut self) {
        self.a_stop_anywhere_is_harmless();
        self.a_staging_that_moved_is_refused();
        self.a_prod_that_is_not_as_planned_is_refused();
        self.a_row_that_appears_meanwhile_is_noticed();
    }

    fn a_second_execution_is_harmless(&mut self) {
        self.set_up();
        self.promote(0).expect("the promotion");
        self.assert_state(true, "after the promotion");
        let compared = self.lab.run(&self.promotion.verify).expect("the verification");
        assert!(!compared.is_empty(), "it verifies nothing");
        for row in compared.iter().flatten() {
            assert!(row.len() == 3 && row[1] == row[2] && row[1] != "null", "differs: {row:?}");
        }
        // Refused or not.
        let _ = self.promote(0);
        self.assert_state(true, "after a second execution");
    }

    fn a_rollback_leaves_no_trace(&mut self) {
        self.roll_back().expect("the rollback");
        self.assert_state(false, "after the rollback");
        let _ = self.roll_back();
        self.assert_state(false, "after a second rollback");
        self.promote(0).expect("the promotion after a rollback");
        self.assert_state(true, "after the promotion that follows a rollback");
        let Manifests { prod, promoted, .. } = &self.promotion.manifests[0];
        self.lab.must(&format!(
            "update {prod} set last_success = last_success + interval 1 day where model = '{}'",
            promoted[0].model
        ));
        let prod_ran = self.state();
        self.roll_back().expect_err("a rollback after prod ran");
        assert_eq!(self.state(), prod_ran, "after a rollback that was refused");
    }

    fn a_stop_anywhere_is_harmless(&mut self) {
        for place in 1..self.promotion.promote.len() {
            let stopped = format!("stopped after {place} statements");
            self.set_up();
            for rolls_back in [true, false] {
                self.lab.run(&self.promotion.promote[..place]).expect("its first statements");
                self.assert_no_row_without_its_table(&stopped);
                if rolls_back {
                    // It may be refused where there is nothing to take back yet.
                    let _ = self.roll_back();
                    self.assert_state(false, &format!("{stopped}, rolled back"));
                } else {
                    self.promote(0).unwrap_or_else(|error| panic!("{stopped}, then: {error}"));
                    self.assert_state(true, &format!("{stopped}, executed again"));
                }
            }
        }
    }

    fn a_staging_that_moved_is_refused(&mut self) {
        for Manifests { staging, promoted, .. } in &self.promotion.manifests {
            let of_model = format!("where model = '{}'", promoted[0].model);
            let moved = format!(
                "update {staging} set last_success = last_success + interval 1 microsecond {of_model}"
            );
            let doubled = format!("insert into {staging} select * from {staging} {of_model}");
            let gone = format!("delete from {staging} {of_model}");
            for change in [moved, doubled, gone] {
                if self.is_harmless_offline(&change) {
                    continue;
                }
                self.set_up();
                self.lab.must(&change);
                self.is_refused(&format!("staging moved since it was planned: {change}"));
            }
        }
    }

    /// Planned without a connection, one model alone may be at any time.
    fn is_harmless_offline(&self, change: &str) -> bool {
        let knows_the_time = self.promotion.promote[0].contains("timestamp '");
        let is_alone = self.promotion.manifests.iter().all(|manifests| manifests.promoted.len() == 1);
        change.starts_with("update") && is_alone && !knows_the_time
    }

    fn a_prod_that_is_not_as_planned_is_refused(&mut self) {
        for manifests in &self.promotion.manifests {
            self.set_up();
            self.lab.must(&manifests.another_row(&manifests.promoted[0].model));
            self.is_refused("a row that is there");
        }
        for table in self.promotion.tables.iter().filter(|table| table.before != Before::Another) {
            self.set_up();
            if table.before == Before::Copy {
                self.lab.must(&format!("drop table {}", table.prod));
            }
            self.create(table, &table.prod, OTHER_ROWS);
            let other = self.state()[&table.prod].clone();
            self.promote(0).expect_err("a table that is there");
            let state = self.state();
            for Manifests { prod, .. } in &self.promotion.manifests {
                assert_eq!(state[prod], self.before[prod], "a table that is there");
            }
            assert_eq!(state[&table.prod], other, "a table that is there");
        }
    }

    /// Up to the last statement about the row, which looks whether all is well.
    fn a_row_that_appears_meanwhile_is_noticed(&mut self) {
        let manifests = &self.promotion.manifests[0];
        let model = &manifests.promoted[0].model;
        let looks = |statement: &String| statement.contains(&manifests.prod);
        let last = self.promotion.promote.iter().rposition(looks).expect("a last look");
        for place in 1..=last {
            self.set_up();
            self.lab.run(&self.promotion.promote[..place]).expect("its first statements");
            self.lab.must(&manifests.another_row(model));
            let rest = self.promote(place);
            assert!(
                rest.is_err(),
                "{model} got another row after {place} statements, and it was not noticed"
            );
        }
    }

    /// Staging and prod as they were when the promotion was planned.
    fn set_up(&mut self) {
        self.lab.empty();
        for manifests in &self.promotion.manifests {
            let pairs =
                [(&manifests.staging, &manifests.staging_rows), (&manifests.prod, &manifests.prod_rows)];
            for (name, rows) in pairs {
                let columns = manifests.columns()[1..].join(" timestamp, ");
                self.lab.must(&format!(
                    "create table {name} (model string, {columns} timestamp) using {}",
                    self.format()
                ));
                let values: Vec<_> = rows.iter().map(|row| manifests.values(row)).collect();
                if !values.is_empty() {
                    self.lab.must(&format!("insert into {name} values {}", values.join(", ")));
                }
            }
        }
        for table in &self.promotion.tables {
            self.create(table, &table.staging, ROWS);
            match table.before {
                Before::Nothing => {}
                Before::Another => self.create(table, &table.prod, OTHER_ROWS),
                Before::Copy => self.create(table, &table.prod, ROWS),
            }
        }
    }

    fn create(&mut self, table: &Copied, name: &str, rows: u32) {
        let columns: Vec<_> =
            table.columns.iter().map(|(name, value)| format!("{value} as {name}")).collect();
        let (format, columns) = (self.format(), columns.join(", "));
        self.lab.must(&format!("create table {name} using {format} as select {columns} from range({rows})"));
    }

    fn format(&self) -> &'static str {
        if self.promotion.dialect == Dialect::Spark { "iceberg" } else { "delta" }
    }

    /// The promotion, from a place on.
    fn promote(&mut self, place: usize) -> Result<Vec<Rows>, String> {
        self.lab.run(&self.promotion.promote[place..])
    }

    fn roll_back(&mut self) -> Result<Vec<Rows>, String> {
        self.lab.run(&self.promotion.rollback)
    }

    fn state(&mut self) -> State {
        let mut state = State::new();
        for manifests in &self.promotion.manifests {
            for name in [&manifests.staging, &manifests.prod] {
                state.insert(name.clone(), self.lab.read(name, &manifests.columns().join(", ")));
            }
        }
        for table in &self.promotion.tables {
            let columns: Vec<_> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
            for name in [&table.staging, &table.prod] {
                state.insert(name.clone(), self.lab.read(name, &columns.join(", ")));
            }
        }
        state
    }

    /// What the state is to be in the end: prod holds what staging holds, and nothing else has changed.
    fn promoted(&mut self) -> State {
        let mut state = self.before.clone();
        for manifests in &self.promotion.manifests {
            let promoted =
                manifests.promoted.iter().map(|row| manifests.values(row)).collect::<Vec<_>>().join(", ");
            let expected = self.lab.must(&format!("select * from values {promoted}"));
            let rows = state.get_mut(&manifests.prod).and_then(Option::as_mut).expect("prod's rows");
            rows.retain(|row| manifests.promoted.iter().all(|promoted| promoted.model != row[0]));
            rows.extend(expected);
            rows.sort();
        }
        for table in &self.promotion.tables {
            state.insert(table.prod.clone(), state[&table.staging].clone());
        }
        state
    }

    fn assert_state(&mut self, promoted: bool, when: &str) {
        let state = self.state();
        assert_eq!(&state, if promoted { &self.after } else { &self.before }, "{when}");
    }

    /// A row that says that a model is there, without all of its table, would make prod's next run build it
    /// from nothing.
    fn assert_no_row_without_its_table(&mut self, when: &str) {
        let state = self.state();
        for table in &self.promotion.tables {
            let model = &table.model;
            let of_model = |manifests: &&Manifests| manifests.promoted.iter().any(|row| &row.model == model);
            let manifests = self.promotion.manifests.iter().find(of_model).expect("the model's manifests");
            let row_in = |state: &State| -> Rows {
                let rows = state[&manifests.prod].iter().flatten();
                rows.filter(|row| &row[0] == model).cloned().collect()
            };
            let is_recorded = row_in(&state) == row_in(&self.after) && !manifests.goes_back(model);
            let is_whole = state[&table.prod] == self.after[&table.prod];
            assert!(is_whole || !is_recorded, "{when}: {model} is recorded, but not whole: {state:#?}");
        }
    }

    /// The promotion stops, and everything is as before.
    fn is_refused(&mut self, why: &str) {
        let before = self.state();
        self.promote(0).expect_err(why);
        assert_eq!(self.state(), before, "{why}");
    }
}

impl Manifests {
    fn values(&self, row: &Row) -> String {
        let times = [row.first_success, row.last_success]
            .map(|time| format!("timestamp '{}Z'", time.to_all_digits()));
        let times = if self.has_first_success { times.join(", ") } else { times[1].clone() };
        format!("('{}', {times})", row.model)
    }

    /// The statement that adds a row to prod that nobody planned.
    fn another_row(&self, model: &str) -> String {
        let last_success: Timestamp = "2022-02-02 02:02:02.222222".parse().expect("a timestamp");
        let row = Row::at(model, last_success);
        format!("insert into {} values {}", self.prod, self.values(&row))
    }
}
