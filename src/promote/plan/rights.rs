//! What a script may do, and what the connection that executes it may not. Pure.

use anyhow::{Result, bail};

use super::facts::Facts;
use super::parts::{Action, Ledger, Plan, Table};
use super::right::Right;
use super::strategy::CopyStrategy;
use crate::failure::Refusal;
use crate::warehouse::Relation;

impl Plan {
    /// Refuses what would fail for want of a right, maybe after hours of copying.
    pub(super) fn refuse_lacking_rights(&self, facts: &Facts) -> Result<()> {
        let needed = self
            .tables
            .iter()
            .flat_map(|table| self.needed_for_table(table))
            .chain(self.ledgers.iter().flat_map(|ledger| self.needed_for_rows(ledger)));
        let mut lacking: Vec<String> = Vec::new();
        // Tables are created in a schema, whichever relation of it was asked about.
        let is_lacking = |(relation, right): &(Relation, Right)| match right {
            Right::Create => facts.lacking.iter().any(|(other, lacking)| {
                *lacking == Right::Create && other.schema_sql() == relation.schema_sql()
            }),
            Right::Select | Right::Insert | Right::Update | Right::Delete | Right::Own => {
                facts.lacking.contains(&(relation.clone(), *right))
            }
        };
        for (relation, right) in needed.filter(is_lacking) {
            let described = right.describe(&relation);
            if !lacking.contains(&described) {
                lacking.push(described);
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        bail!(Refusal(format!(
            "the connection of {} lacks rights that the script needs: {}. Grant them to its user, or promote as the user \
             that runs dbt in {0}",
            self.to,
            lacking.join(", ")
        )))
    }

    fn needed_for_table(&self, table: &Table) -> Vec<(Relation, Right)> {
        let (staging, prod) = (table.facts.staging.clone(), table.facts.prod.clone());
        let read = if self.strategy == CopyStrategy::Move { Right::Own } else { Right::Select };
        let mut needed = vec![(staging, read)];
        match &table.action {
            Action::Create => needed.push((prod, Right::Create)),
            Action::Replace { .. } => needed.extend([(prod.clone(), Right::Create), (prod, Right::Own)]),
            Action::Keep => needed.push((prod, Right::Select)),
        }
        needed
    }

    /// Prod's next run writes its rows, too, and a rollback deletes them.
    fn needed_for_rows(&self, ledger: &Ledger) -> Vec<(Relation, Right)> {
        let rows = [Right::Select, Right::Insert, Right::Update, Right::Delete];
        let mut needed = vec![(ledger.staging.clone(), Right::Select)];
        if self.strategy == CopyStrategy::Move {
            needed.push((ledger.staging.clone(), Right::Delete));
        }
        match ledger.new {
            Some(_) => needed.push((ledger.prod.clone(), Right::Create)),
            None => needed.extend(rows.map(|right| (ledger.prod.clone(), right))),
        }
        needed
    }
}
