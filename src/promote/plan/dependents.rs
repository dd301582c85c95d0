//! What depends on a table of prod: the questions to ask before it is dropped, as a backup or by a rollback.

use crate::warehouse::Dialect;

/// A question about what depends on a table. Each row of its answer names one thing.
#[derive(Debug, Clone, Copy)]
pub struct DependentsQuestion {
    pub template: &'static str,
    /// What stands before the name.
    pub prefix: &'static str,
    /// Whether the warehouse does not drop a table that has such a dependent. The others go on without it: a
    /// backup is kept for them, but a rollback drops the table.
    pub holds: bool,
}

const VIEW: &str = "the view ";

/// Views that are bound to the table.
const BOUND_VIEWS: DependentsQuestion =
    DependentsQuestion { template: "catalogue/dependents.sql", prefix: VIEW, holds: true };

/// Views that are not, but name it. Only the name of a backup is like no other.
const NAMING_VIEWS: DependentsQuestion =
    DependentsQuestion { template: "catalogue/uses.sql", prefix: VIEW, holds: false };

const KEYS: DependentsQuestion =
    DependentsQuestion { template: "catalogue/referenced.sql", prefix: "the foreign key of ", holds: true };

const HEIRS: DependentsQuestion = DependentsQuestion {
    template: "catalogue/heirs.sql",
    prefix: "the table that inherits from it, ",
    holds: true,
};

/// What else is bound to the table itself: functions, policies of other tables, columns of its type.
const BOUND: DependentsQuestion =
    DependentsQuestion { template: "catalogue/bound.sql", prefix: "the ", holds: true };

/// The questions that a warehouse can answer.
#[must_use]
pub fn dependents_questions(dialect: Dialect) -> &'static [DependentsQuestion] {
    match dialect {
        Dialect::Postgres => &[BOUND_VIEWS, KEYS, HEIRS, BOUND],
        Dialect::Redshift => &[BOUND_VIEWS, NAMING_VIEWS, KEYS],
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::DuckDb => &[NAMING_VIEWS],
        Dialect::Spark => &[],
    }
}
