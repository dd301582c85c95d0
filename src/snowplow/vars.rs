//! Reads the vars that the windows of a Snowplow package depend on.

use super::family::Family;
use super::state::Settings;
use crate::dbt::{RelationName, VarScope};
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;

/// The packages' default for `snowplow__lookback_window_hours`.
const LOOKBACK_HOURS: u32 = 6;

/// Reads the vars that a package's windows depend on. The user's `start_date` takes precedence.
#[must_use]
pub fn settings(vars: &VarScope<'_>, start_date: Option<Timestamp>) -> Settings {
    let in_vars = || vars.text("snowplow__start_date")?.parse().ok();
    let lookback = vars.text("snowplow__lookback_window_hours").and_then(|hours| hours.parse().ok());
    Settings { start_date: start_date.or_else(in_vars), lookback_hours: lookback.unwrap_or(LOOKBACK_HOURS) }
}

/// The events relation of a package, as its vars name it, and the column that its windows are limited by.
///
/// A package that finds its events in another way has no such relation. That shows when it is queried.
#[must_use]
pub fn events(vars: &VarScope<'_>, family: Family, dialect: Dialect) -> (RelationName, String) {
    let text = |name: &str, default: &str| vars.text(name).unwrap_or_else(|| default.to_owned());
    let database = match dialect {
        Dialect::Databricks => Some(text("snowplow__databricks_catalog", "hive_metastore")),
        Dialect::Spark => None,
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {
            vars.text("snowplow__database")
        }
    };
    let relation = RelationName {
        database,
        schema: text("snowplow__atomic_schema", "atomic"),
        identifier: text("snowplow__events_table", "events"),
    };
    let column = match family {
        Family::Session => text("snowplow__session_timestamp", "collector_tstamp"),
        // These packages have no var for it.
        Family::Load => "load_tstamp".to_owned(),
    };
    (relation, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::{Project, Vars};

    #[test]
    fn reads_vars_and_their_defaults() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        let file = "name: p\nvars: {snowplow__start_date: 2021-02-03, snowplow__database: raw, \
                    snowplow__events_table: e}\n";
        std::fs::write(root.join("dbt_project.yml"), file).expect("written");
        let project = Project::read(root.to_owned()).expect("a project");
        let vars = Vars::parse("snowplow__lookback_window_hours: '12'").expect("vars");
        let scope = VarScope::of("p", &project, &vars).expect("a scope");

        let found = settings(&scope, None);
        assert_eq!(found.start_date, "2021-02-03".parse().ok());
        assert_eq!(found.lookback_hours, 12);
        assert_eq!(settings(&scope, "2020-01-01".parse().ok()).start_date, "2020-01-01".parse().ok());

        let (relation, column) = events(&scope, Family::Session, Dialect::Snowflake);
        assert_eq!((relation.database.as_deref(), relation.schema.as_str()), (Some("raw"), "atomic"));
        assert_eq!((relation.identifier.as_str(), column.as_str()), ("e", "collector_tstamp"));
        let (relation, column) = events(&scope, Family::Load, Dialect::Databricks);
        assert_eq!((relation.database.as_deref(), column.as_str()), (Some("hive_metastore"), "load_tstamp"));
    }
}
