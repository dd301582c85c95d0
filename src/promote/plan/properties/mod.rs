//! What a table has besides its rows, and what becomes of each of it on the way to prod. Notes, refusals and the
//! page are all made from this. Pure.

mod account;
mod options;
mod tables;

use std::collections::BTreeMap;

pub(super) use account::{may_stay, not_carried_over, not_certain, not_kept};
pub use options::{configured_key, key_of, property_of, restated, set_after_copy};

use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// A property of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    Layout,
    /// Redshift's, where the others have a layout.
    Distribution,
    SortKey,
    IngestionTime,
    Description,
    Labels,
    Tags,
    EncryptionKey,
    Expiration,
    PartitionExpiration,
    PartitionFilter,
    ChangeHistory,
    AutomaticClustering,
    Transience,
    Retention,
    ColumnTags,
    TableProperties,
    Format,
    Location,
    /// Options that a copy has in every case.
    NameOptions,
    OtherOptions,
    Columns,
    Keys,
    Guards,
    Grants,
    Iceberg,
}

/// Properties that a table has, each with its words for a note: `the label team: web`.
pub type Held = BTreeMap<Property, Vec<String>>;

/// What becomes of a property in a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It comes along with staging's table, or is restated.
    Staging,
    /// Prod's project decides, also where it says nothing.
    Configured,
    /// Prod's project decides, if it says anything.
    ConfiguredElseStaging,
    /// It comes along or is restated, and what prod's project configures is added, or is set instead.
    ConfiguredOverStaging,
    /// Prod's project decides, if it says anything. Else the warehouse's manual does not tell.
    ConfiguredElseUncertain,
    Lost,
    /// The warehouse's manual does not tell.
    Uncertain,
    /// The table is what its schema sets.
    OfSchema,
    /// No table that has it is copied like this.
    Refused,
}

/// What `--replace` does about the property that prod's table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfReplaced {
    /// A note names it, if the new table does not get it.
    Named,
    /// The new table has it, too.
    Kept,
    /// The warehouse's manual does not tell. A note says to look.
    MayStay,
    /// Where the project says nothing, it decides.
    Decides,
    /// The table is not replaced.
    Refused,
    /// The table is not replaced by one that differs in this.
    RefusedIfOther,
    /// Nothing looks at it.
    NotRead,
}

/// A property of a warehouse's tables.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub property: Property,
    /// What the warehouse calls it.
    pub title: &'static str,
    /// The configurations of a model that decide about it, as Markdown.
    pub config: &'static str,
    /// What becomes of it by each of the warehouse's strategies, in their order.
    pub becomes: &'static [Fate],
    pub of_replaced: OfReplaced,
}

impl Fate {
    /// What the new table has, in a few words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Staging => "as in staging",
            Self::Configured => "as configured",
            Self::ConfiguredElseStaging => "as configured, else as in staging",
            Self::ConfiguredOverStaging => "as configured, and as in staging",
            Self::ConfiguredElseUncertain => "as configured, else not certain",
            Self::Lost => "lost",
            Self::Uncertain => "not certain",
            Self::OfSchema => "as its schema sets",
            Self::Refused => "refused",
        }
    }
}

impl OfReplaced {
    /// What becomes of it, in a few words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Named => "named, if lost",
            Self::Kept => "kept",
            Self::MayStay => "named: not certain",
            Self::Decides => "decides, if nothing is configured",
            Self::Refused => "refused",
            Self::RefusedIfOther => "refused, if the new one differs",
            Self::NotRead => "not looked at",
        }
    }
}

impl Known {
    /// All that is known about the properties of a warehouse's tables.
    #[must_use]
    pub fn of(dialect: Dialect) -> &'static [Self] {
        tables::of(dialect)
    }

    /// What becomes of it. None where the warehouse does not have the strategy.
    #[must_use]
    pub fn fate(&self, dialect: Dialect, strategy: CopyStrategy) -> Option<Fate> {
        let place = CopyStrategy::of(dialect).iter().position(|&its| its == strategy)?;
        self.becomes.get(place).copied()
    }
}

/// What `create table … as select` loses of any table, as far as the warehouse's manual tells.
#[must_use]
pub(super) fn lost_by_ctas(dialect: Dialect) -> String {
    let lost = Known::of(dialect).iter().filter(|known| {
        known.of_replaced == OfReplaced::NotRead
            && known.fate(dialect, CopyStrategy::Ctas) == Some(Fate::Lost)
    });
    lost.map(|known| known.title).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_says_what_becomes_of_it_by_every_strategy() {
        for dialect in Dialect::ALL {
            let known = Known::of(dialect);
            assert!(!known.is_empty(), "{dialect}");
            for (place, one) in known.iter().enumerate() {
                assert_eq!(one.becomes.len(), CopyStrategy::of(dialect).len(), "{dialect}: {}", one.title);
                let is_it = |other: &Known| other.property == one.property;
                assert_eq!(
                    known.iter().position(is_it),
                    Some(place),
                    "{dialect}: {} is there twice",
                    one.title
                );
            }
        }
    }
}
