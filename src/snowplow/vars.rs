//! Reads the vars that the windows and the events of a Snowplow package depend on.
//!
//! What is not known is never replaced in silence: each function says what it means to the user.

use std::str::FromStr;

use super::family::Family;
use super::reader::Events;
use super::state::Settings;
use super::values::{LIMIT, SESSION_TIMESTAMP, START_DATE};
use crate::dbt::{Project, RelationName, ResolvedVars};
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;

const LOOKBACK: &str = "snowplow__lookback_window_hours";
const SCHEMA: &str = "snowplow__atomic_schema";
const TABLE: &str = "snowplow__events_table";
const DATABASE: &str = "snowplow__database";
const CATALOG: &str = "snowplow__databricks_catalog";

/// The vars that a backfill reads of a package, without those that it [judges](super::facts::vars_judged) alone.
/// Those with Jinja have to be rendered before.
#[must_use]
pub fn vars_read(family: Family, dialect: Dialect, start_date: Option<Timestamp>) -> Vec<&'static str> {
    let database = match dialect {
        Dialect::Databricks => Some(CATALOG),
        Dialect::Spark => None,
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {
            Some(DATABASE)
        }
    };
    let column = (family == Family::Session).then_some(SESSION_TIMESTAMP);
    let start_date = start_date.is_none().then_some(START_DATE);
    [LOOKBACK, SCHEMA, TABLE].into_iter().chain(database).chain(column).chain(start_date).collect()
}

/// The vars that a promotion reads of a package.
pub const VARS_OF_PROMOTION: [&str; 3] = [START_DATE, LOOKBACK, LIMIT];

/// The packages' default for `snowplow__lookback_window_hours`.
const LOOKBACK_HOURS: u32 = 6;

/// The packages' default for `snowplow__backfill_limit_days`.
const LIMIT_DAYS: u32 = 30;

/// Reads the vars of one package, and keeps what could not be told.
#[derive(Debug)]
pub struct VarReader<'v> {
    package: &'v str,
    vars: &'v ResolvedVars<'v>,
    unknown: Vec<Unknown>,
}

/// Vars whose values are not known for one reason, and what follows from that.
#[derive(Debug)]
struct Unknown {
    names: Vec<&'static str>,
    reason: String,
    consequences: Vec<&'static str>,
}

/// The user will be told why a value is not known.
#[derive(Debug)]
struct Told;

/// What to tell the user if a package depends on a version of snowplow_utils that is not known.
#[must_use]
pub fn unknown_utils(family: Family, project: &Project) -> Option<String> {
    let unknown = project.packages_directory().err().filter(|_| family == Family::Load)?;
    Some(format!(
        "cannot tell the version of snowplow_utils: {unknown}. It is taken for one older than 1.0.1"
    ))
}

impl<'v> VarReader<'v> {
    /// Reads the vars of a Snowplow package.
    #[must_use]
    pub fn new(package: &'v str, vars: &'v ResolvedVars<'v>) -> Self {
        Self { package, vars, unknown: Vec::new() }
    }

    /// The vars that the package's windows depend on. The user's `start_date` takes precedence.
    #[must_use]
    pub fn settings(&mut self, start_date: Option<Timestamp>) -> Settings {
        let unknown_start = "Windows that begin there are not forecast; --start-date sets it";
        let start_date = match start_date {
            Some(given) => Some(given),
            None => self.read(START_DATE, "a date", unknown_start),
        };
        Settings { start_date, lookback_hours: self.lookback_hours() }
    }

    /// `snowplow__lookback_window_hours`.
    #[must_use]
    pub fn lookback_hours(&mut self) -> u32 {
        let unknown = "Windows are shown as if it were 6, the packages' default";
        self.read(LOOKBACK, "a whole number", unknown).unwrap_or(LOOKBACK_HOURS)
    }

    /// `snowplow__backfill_limit_days`.
    #[must_use]
    pub fn limit_days(&mut self) -> u32 {
        let unknown = "Windows are forecast as if it were 30, the packages' default";
        self.read(LIMIT, "a whole number", unknown).unwrap_or(LIMIT_DAYS)
    }

    /// The events relation of the package, as its vars name it, and the column that its windows are limited
    /// by; none if a var is not known.
    ///
    /// A package that finds its events in another way has no such relation. That shows when it is queried.
    #[must_use]
    pub fn events(&mut self, family: Family, dialect: Dialect) -> Option<Events> {
        let database = match dialect {
            Dialect::Databricks => {
                self.event_text(CATALOG).map(|told| told.or(Some("hive_metastore".into())))
            }
            Dialect::Spark => Ok(None),
            Dialect::Postgres
            | Dialect::Redshift
            | Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::DuckDb => self.event_text(DATABASE),
        };
        let schema = self.event_text(SCHEMA);
        let table = self.event_text(TABLE);
        let column = match family {
            Family::Session => self.event_text(SESSION_TIMESTAMP),
            // These packages have no var for it.
            Family::Load => Ok(Some("load_tstamp".to_owned())),
        };
        let relation = RelationName {
            database: database.ok()?,
            schema: schema.ok()?.unwrap_or_else(|| "atomic".to_owned()),
            identifier: table.ok()?.unwrap_or_else(|| "events".to_owned()),
        };
        let column = column.ok()?.unwrap_or_else(|| "collector_tstamp".to_owned());
        let events = Events::new(relation, &column);
        if events.is_none() {
            let reason = format!("it is `{column}`, which is not a plain name of a column");
            self.tell(SESSION_TIMESTAMP, reason, NO_EVENTS);
        }
        events
    }

    /// A sentence or two about each reason why a var is not known.
    #[must_use]
    pub fn unknown(self) -> Vec<String> {
        let say = |unknown: Unknown| {
            let (names, consequences) = (unknown.names.join(", "), unknown.consequences.join(". "));
            format!("cannot tell {names} of {}: {}. {consequences}", self.package, unknown.reason)
        };
        self.unknown.into_iter().map(say).collect()
    }

    fn event_text(&mut self, name: &'static str) -> Result<Option<String>, Told> {
        self.text(name, NO_EVENTS)
    }

    /// A value; none if the var is not set. What is not known is kept for the user.
    fn text(&mut self, name: &'static str, consequence: &'static str) -> Result<Option<String>, Told> {
        self.vars.text(name).map_err(|reason| {
            self.tell(name, reason, consequence);
            Told
        })
    }

    fn read<T: FromStr>(&mut self, name: &'static str, kind: &str, consequence: &'static str) -> Option<T> {
        let text = self.text(name, consequence).ok()??;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.tell(name, format!("it is `{text}`, which is not {kind}"), consequence);
        }
        value
    }

    fn tell(&mut self, name: &'static str, reason: String, consequence: &'static str) {
        let position = self.unknown.iter().position(|known| known.reason == reason);
        let position = position.unwrap_or_else(|| {
            self.unknown.push(Unknown { names: Vec::new(), reason, consequences: Vec::new() });
            self.unknown.len() - 1
        });
        let unknown = &mut self.unknown[position];
        unknown.names.push(name);
        if !unknown.consequences.contains(&consequence) {
            unknown.consequences.push(consequence);
        }
    }
}

const NO_EVENTS: &str =
    "Its next event cannot be looked for, so gaps in the events are crossed by doubling the limit";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dbt::{VarScope, Vars};

    fn check(
        file: &str,
        rendered: &[(&str, Result<&str, &str>)],
        test: impl Fn(&mut VarReader<'_>),
    ) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        std::fs::write(root.join("dbt_project.yml"), format!("name: p\n{file}\n")).expect("written");
        let project = Project::read(root.to_owned()).expect("a project");
        let vars = Vars::parse("snowplow__lookback_window_hours: '12'").expect("vars");
        let scope = VarScope::of("p", &project, &vars, "1.11.0").expect("a scope");
        let own = |(name, text): &(&str, Result<&str, &str>)| {
            ((*name).to_owned(), text.map(str::to_owned).map_err(str::to_owned))
        };
        let vars = ResolvedVars::new(scope, rendered.iter().map(own).collect::<BTreeMap<_, _>>());
        let mut reader = VarReader::new("shop", &vars);
        test(&mut reader);
        reader.unknown()
    }

    fn events(schema: &str, table: &str, database: Option<&str>, column: &str) -> Option<Events> {
        let relation = RelationName {
            database: database.map(str::to_owned),
            schema: schema.to_owned(),
            identifier: table.to_owned(),
        };
        Events::new(relation, column)
    }

    #[test]
    fn reads_vars_and_their_defaults() {
        let file =
            "vars: {snowplow__start_date: 2021-02-03, snowplow__database: raw, snowplow__events_table: e}";
        let unknown = check(file, &[], |vars| {
            let found = vars.settings(None);
            assert_eq!((found.start_date, found.lookback_hours), ("2021-02-03".parse().ok(), 12));
            assert_eq!(vars.settings("2020-01-01".parse().ok()).start_date, "2020-01-01".parse().ok());
            assert_eq!(vars.limit_days(), 30);
            assert_eq!(
                vars.events(Family::Session, Dialect::Snowflake),
                events("atomic", "e", Some("raw"), "collector_tstamp")
            );
            assert_eq!(
                vars.events(Family::Load, Dialect::Databricks),
                events("atomic", "e", Some("hive_metastore"), "load_tstamp")
            );
        });
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn reads_what_dbt_has_rendered() {
        let file = "vars: {snowplow__atomic_schema: '{{ a }}', snowplow__start_date: '{{ b }}'}";
        let rendered =
            [("snowplow__atomic_schema", Ok("dev_atomic")), ("snowplow__start_date", Ok("2022-01-01"))];
        let unknown = check(file, &rendered, |vars| {
            assert_eq!(vars.settings(None).start_date, "2022-01-01".parse().ok());
            let found = vars.events(Family::Session, Dialect::Postgres);
            assert_eq!(found, events("dev_atomic", "events", None, "collector_tstamp"));
        });
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn says_what_is_not_known_and_what_follows() {
        let file = "vars: {snowplow__atomic_schema: '{{ a }}', snowplow__events_table: '{{ a }}', \
                    snowplow__start_date: someday, snowplow__backfill_limit_days: 1.5, \
                    snowplow__session_timestamp: 'a b'}";
        let rendered = [
            ("snowplow__atomic_schema", Err("dbt cannot render it: 'a' is undefined")),
            ("snowplow__events_table", Err("dbt cannot render it: 'a' is undefined")),
        ];
        let unknown = check(file, &rendered, |vars| {
            assert_eq!((vars.settings(None).start_date, vars.limit_days()), (None, 30));
            assert_eq!(vars.events(Family::Session, Dialect::Postgres), None);
            assert!(vars.events(Family::Load, Dialect::Postgres).is_none());
        });
        assert_eq!(
            unknown[..2],
            [
                "cannot tell snowplow__start_date of shop: it is `someday`, which is not a date. Windows that \
                 begin there are not forecast; --start-date sets it",
                "cannot tell snowplow__backfill_limit_days of shop: it is `1.5`, which is not a whole number. \
                 Windows are forecast as if it were 30, the packages' default",
            ]
        );
        assert!(
            unknown[2].starts_with("cannot tell snowplow__atomic_schema, snowplow__events_table"),
            "{unknown:?}"
        );
        assert_eq!(unknown.len(), 3);
        let unknown = check("vars: {snowplow__session_timestamp: 'a b'}", &[], |vars| {
            assert_eq!(vars.events(Family::Session, Dialect::Postgres), None);
        });
        assert!(unknown[0].contains("not a plain name of a column. Its next event"), "{unknown:?}");
        let unknown = check("packages-install-path: '{{ b }}'", &[], |vars| {
            assert_eq!(vars.settings(None).start_date, None);
        });
        // The root project is there, whatever happened to its packages.
        assert_eq!(unknown, Vec::<String>::new());
    }
}
