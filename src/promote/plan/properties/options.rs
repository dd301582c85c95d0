//! BigQuery: the options of a new table, by the project's configuration and by the catalogue.

use std::collections::BTreeMap;

use super::{Fate, Known, Property};
use crate::promote::plan::arranging::new_arrangement;
use crate::promote::plan::facts::TableFacts;
use crate::promote::plan::layout::Layout;
use crate::promote::plan::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// The option that only a copy or a query can give to a table without a key.
const KEY: &str = "kms_key_name";

/// The property that an option belongs to.
#[must_use]
pub fn property_of(option: &str) -> Property {
    match option {
        "description" => Property::Description,
        "labels" => Property::Labels,
        "tags" => Property::Tags,
        KEY => Property::EncryptionKey,
        "expiration_timestamp" => Property::Expiration,
        "partition_expiration_days" => Property::PartitionExpiration,
        "require_partition_filter" => Property::PartitionFilter,
        "enable_change_history" => Property::ChangeHistory,
        "friendly_name" | "default_rounding_mode" => Property::NameOptions,
        _ => Property::OtherOptions,
    }
}

/// What becomes of an option.
fn fate(strategy: CopyStrategy, option: &str) -> Fate {
    let property = property_of(option);
    let known = Known::of(Dialect::BigQuery).iter().find(|known| known.property == property);
    known.and_then(|known| known.fate(Dialect::BigQuery, strategy)).unwrap_or(Fate::Uncertain)
}

/// What the catalogue says about staging's table; none where it was not read.
fn of_staging(facts: &TableFacts) -> Option<&BTreeMap<String, String>> {
    facts.physical.layout.as_ref().map(|layout| &layout.properties)
}

/// All options of a table that a query makes.
#[must_use]
pub fn restated(facts: &TableFacts) -> BTreeMap<String, String> {
    let staging = of_staging(facts).into_iter().flatten();
    let kept = staging.filter(|(option, _)| {
        matches!(fate(CopyStrategy::Ctas, option), Fate::Staging | Fate::ConfiguredElseStaging)
    });
    let mut options: BTreeMap<_, _> = kept.map(|(option, value)| (option.clone(), value.clone())).collect();
    options.extend(configured(facts));
    without_partitions(facts, &mut options);
    options
}

/// The options to set when a table was copied: what prod's project configures, and no more of what staging's has.
#[must_use]
pub fn set_after_copy(facts: &TableFacts) -> BTreeMap<String, String> {
    let staging = of_staging(facts);
    let mut options = configured(facts);
    // The copy got its key already.
    options.remove(KEY);
    options.retain(|option, value| {
        fate(CopyStrategy::Copy, option) == Fate::Configured
            || staging.and_then(|staging| staging.get(option)) != Some(value)
    });
    // Taking these from a table that has none does no harm.
    let always = ["expiration_timestamp"].into_iter().chain(staging.is_none().then_some("labels"));
    let of_staging = staging.into_iter().flatten().map(|(option, _)| option.as_str());
    for option in always.chain(of_staging) {
        if fate(CopyStrategy::Copy, option) == Fate::Configured && !options.contains_key(option) {
            options.insert(option.to_owned(), cleared(option).to_owned());
        }
    }
    options
}

/// The key that a copy of staging's table is encrypted by, if prod's project configures one.
#[must_use]
pub fn configured_key(facts: &TableFacts) -> Option<&str> {
    key_of(&facts.layout)
}

/// The key of a table.
#[must_use]
pub fn key_of(layout: &Layout) -> Option<&str> {
    layout.properties.get(KEY).map(String::as_str)
}

fn configured(facts: &TableFacts) -> BTreeMap<String, String> {
    let mut options = facts.layout.properties.clone();
    without_partitions(facts, &mut options);
    options
}

/// Takes away what only a table with partitions can have, if the new one has none.
fn without_partitions(facts: &TableFacts, options: &mut BTreeMap<String, String>) {
    if new_arrangement(facts).partition_by.is_none() {
        options.retain(|option, _| {
            !matches!(property_of(option), Property::PartitionFilter | Property::PartitionExpiration)
        });
    }
}

/// The value that takes an option from a table.
fn cleared(option: &str) -> &'static str {
    match option {
        "labels" => "[]",
        "enable_change_history" => "false",
        _ => "null",
    }
}
