//! Accounting for what both tables have: what the new table gets of it, and what it does not.

use super::{Fate, Held, Known, OfReplaced, Property};
use crate::promote::plan::copying::written_as;
use crate::promote::plan::parts::Table;
use crate::promote::plan::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// How a table gets to prod.
#[derive(Clone, Copy)]
struct Copying<'a> {
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &'a Table,
}

impl<'a> Copying<'a> {
    fn fate(&self, known: &Known) -> Option<Fate> {
        known.fate(self.dialect, written_as(self.dialect, self.strategy, self.table))
    }

    /// What the new table has of a property, as far as that is certain.
    fn given(&self, known: &Known) -> Vec<&'a String> {
        let facts = &self.table.facts;
        let (configured, staging) =
            (items(&facts.configured.held, known), items(&facts.physical.held, known));
        match self.fate(known) {
            Some(Fate::Staging) => staging.iter().collect(),
            Some(Fate::ConfiguredElseStaging) if configured.is_empty() => staging.iter().collect(),
            Some(Fate::ConfiguredOverStaging) => configured.iter().chain(staging).collect(),
            Some(Fate::Configured | Fate::ConfiguredElseStaging | Fate::ConfiguredElseUncertain) => {
                configured.iter().collect()
            }
            Some(Fate::Lost | Fate::Uncertain | Fate::OfSchema | Fate::Refused) | None => Vec::new(),
        }
    }

    /// Whether nobody can tell what the new table has of a property.
    fn is_uncertain(&self, known: &Known) -> bool {
        match self.fate(known) {
            Some(Fate::Uncertain) => true,
            Some(Fate::ConfiguredElseUncertain) => items(&self.table.facts.configured.held, known).is_empty(),
            Some(
                Fate::Staging
                | Fate::Configured
                | Fate::ConfiguredElseStaging
                | Fate::ConfiguredOverStaging
                | Fate::Lost
                | Fate::OfSchema
                | Fate::Refused,
            )
            | None => false,
        }
    }
}

fn items<'a>(held: &'a Held, known: &Known) -> &'a [String] {
    held.get(&known.property).map_or(&[], Vec::as_slice)
}

/// What staging's table has and prod's new one does not get.
pub fn not_carried_over(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<String> {
    let copying = Copying { dialect, strategy, table };
    let known = Known::of(dialect).iter().filter(|known| !copying.is_uncertain(known));
    known.flat_map(|known| without(&table.facts.physical.held, known, &copying.given(known))).collect()
}

/// What staging's table has, and what may come along or not.
pub fn not_certain(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<String> {
    let copying = Copying { dialect, strategy, table };
    let known = Known::of(dialect).iter().filter(|known| copying.is_uncertain(known));
    known.flat_map(|known| items(&table.facts.physical.held, known)).cloned().collect()
}

/// What prod's replaced table has and the new one does not get.
pub fn not_kept(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<String> {
    of_replaced(OfReplaced::Named, dialect, strategy, table)
}

/// What prod's replaced table has, and the new one may have or not.
pub fn may_stay(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<String> {
    of_replaced(OfReplaced::MayStay, dialect, strategy, table)
}

fn of_replaced(
    of_replaced: OfReplaced,
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Vec<String> {
    let copying = Copying { dialect, strategy, table };
    let known = Known::of(dialect).iter().filter(|known| known.of_replaced == of_replaced);
    known.flat_map(|known| without(&table.facts.replaced.held, known, &copying.given(known))).collect()
}

fn without(held: &Held, known: &Known, new: &[&String]) -> Vec<String> {
    let missing = items(held, known).iter().filter(|item| !new.contains(item));
    // Expiration counts from now on: another one is not lost, but moved.
    let is_moved = known.property == Property::Expiration && !new.is_empty();
    missing.filter(|_| !is_moved).cloned().collect()
}
