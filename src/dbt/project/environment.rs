//! dbt also reads flags from its environment, from `.env` and from the user's settings. This tool keeps those
//! from it that would change what a run does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use serde_yaml::{Mapping, Value};

use super::dotenv::{DOTENV, dotenv_names};
use super::harmful::{HARMFUL, OFF, SWITCHES_OF_DBT_2, VALUES_OF_DBT_2};
use super::yaml;
use crate::dbt::dialect::Dialect;

/// The variable that decides which warnings are errors, and which are silenced.
const WARNING_VARIABLE: &str = "DBT_WARN_ERROR_OPTIONS";

/// The file in the user's home that sets flags for all projects, for dbt 1.12.
const SETTINGS: &str = ".dbt/user_settings.yml";

/// What becomes of dbt's warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warnings {
    /// `warn_error_options` of the project, of profiles.yml or of the user's settings can silence some.
    Usual,
    /// `warn_error` makes errors of all of them. dbt does not take any options then.
    Errors,
}

impl Warnings {
    /// The variable with which dbt warns of everything again.
    pub(in crate::dbt) fn restored(self) -> Option<(&'static str, String)> {
        (self == Self::Usual).then(|| (WARNING_VARIABLE, "{}".to_owned()))
    }
}

/// Where a variable or a flag is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Environment,
    DotEnv,
    Settings,
}

/// Variables that dbt must not see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    variables: BTreeMap<String, Instead>,
    /// What dbt takes from `.env` all the same.
    left: Vec<String>,
}

/// What is done about a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Instead {
    source: Source,
    /// What dbt gets in its place; none if it is taken away.
    value: Option<&'static str>,
}

impl Hidden {
    /// The variables to take away.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(_, instead)| instead.value.is_none()).map(|(name, _)| name.as_str())
    }

    /// The variables to set, and their values.
    pub fn set(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.variables.iter().filter_map(|(name, instead)| Some((name.as_str(), instead.value?)))
    }

    /// What the user set and dbt does not see. What this tool follows is not among it: it writes below the target
    /// path, and passes on the state as flags.
    pub fn ignored(&self) -> impl Iterator<Item = String> {
        let is_followed = |name: &str, source| match flag(name).unwrap_or(name) {
            "TARGET_PATH" => true,
            "STATE" | "DEFER" | "DEFER_STATE" | "FAVOR_STATE" => source == Source::Environment,
            _ => false,
        };
        let ignored = self.variables.iter().filter(move |(name, instead)| !is_followed(name, instead.source));
        ignored.map(|(name, instead)| match instead.source {
            Source::Environment => name.clone(),
            Source::DotEnv => format!("{name} (in {DOTENV})"),
            Source::Settings => format!("{} (in ~/{SETTINGS})", flag(name).unwrap_or(name).to_lowercase()),
        })
    }

    /// One that takes a variable away and sets others.
    #[cfg(test)]
    pub fn example<'a>(removed: &str, set: impl IntoIterator<Item = (&'a str, &'static str)>) -> Self {
        let set = set.into_iter().map(|(name, value)| (name, Some(value)));
        let all = set.chain([(removed, None)]);
        let instead = |value| Instead { source: Source::Environment, value };
        let variables = all.map(|(name, value)| (name.to_owned(), instead(value))).collect();
        Self { variables, left: Vec::new() }
    }

    /// What dbt must not see of the environment of this process and of the files that add to it.
    #[must_use]
    pub fn here(dialect: Dialect) -> Self {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let dotenv = dotenv_names(dialect);
        if dialect.refuses_empty_variables() {
            return Self::without_empty_variables(names, &dotenv);
        }
        let home = std::env::var_os("HOME").filter(|_| dialect.has_user_settings());
        let settings = home.map(|home| flags_in(&Path::new(&home).join(SETTINGS))).unwrap_or_default();
        Self::of(names, &dotenv, settings)
    }

    /// Makes sure that dbt sees nothing that it must not see.
    ///
    /// # Errors
    /// `.env` sets a variable that cannot be kept from dbt.
    pub fn require_complete(&self) -> Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        bail!(
            "{DOTENV} sets {}, which would change what a run does, and dbt 2 cannot be kept from reading it: take \
             it out of that file",
            self.left.join(", ")
        )
    }

    /// What is kept from dbt 1 of the variables that are set, of those that `.env` would set, and of the flags
    /// of the user's settings.
    fn of(
        set: impl IntoIterator<Item = String>,
        dotenv: &BTreeSet<String>,
        settings: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut variables = BTreeMap::new();
        // A value has precedence over the settings. Of those without one, the ones that matter are settled by
        // arguments.
        for flag in settings.into_iter().map(|flag| flag.to_uppercase()) {
            if let Some(value) = off(&flag) {
                let instead = Instead { source: Source::Settings, value: Some(value) };
                variables.insert(format!("DBT_ENGINE_{flag}"), instead);
            }
        }
        // An absent variable is what `.env` fills. dbt takes an empty one for absent.
        for name in dotenv.iter().filter(|name| is_harmful(name)) {
            let value = Some(off_by_name(name).unwrap_or_default());
            variables.insert(name.clone(), Instead { source: Source::DotEnv, value });
        }
        for name in set.into_iter().filter(|name| is_harmful(name)) {
            let value = match off_by_name(&name) {
                None if dotenv.contains(&name) => Some(""),
                value => value,
            };
            variables.insert(name, Instead { source: Source::Environment, value });
        }
        Self { variables, left: Vec::new() }
    }

    /// The same of dbt 2, which takes no empty variable for an absent one.
    fn without_empty_variables(set: impl IntoIterator<Item = String>, dotenv: &BTreeSet<String>) -> Self {
        let has =
            |list: &[&str], name: &str| flag(name).is_some_and(|flag| list.binary_search(&flag).is_ok());
        let mut hidden = Self::default();
        for name in dotenv.iter().filter(|name| is_harmful(name)) {
            if has(VALUES_OF_DBT_2, name) {
                hidden.left.push(name.clone());
            }
            let value = has(SWITCHES_OF_DBT_2, name).then_some("false");
            hidden.variables.insert(name.clone(), Instead { source: Source::DotEnv, value });
        }
        for name in set.into_iter().filter(|name| is_harmful(name)) {
            let value = (dotenv.contains(&name) && has(SWITCHES_OF_DBT_2, &name)).then_some("false");
            hidden.variables.insert(name, Instead { source: Source::Environment, value });
        }
        hidden
    }
}

/// The flags that the user's settings set. dbt ignores a file that it cannot read, too.
fn flags_in(file: &Path) -> Vec<String> {
    let settings = fs::read_to_string(file).ok().and_then(|text| yaml::parse(&text).ok());
    let flags = settings.as_ref().and_then(|settings| settings.get("flags")).and_then(Value::as_mapping);
    flags.into_iter().flat_map(Mapping::keys).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The flag that a variable sets.
fn flag(name: &str) -> Option<&str> {
    // Since dbt 1.11, `DBT_ENGINE_X` takes precedence over `DBT_X`.
    let flag = name.strip_prefix("DBT_ENGINE_").or_else(|| name.strip_prefix("DBT_"));
    // Hidden in dbt 2: it answers from a file.
    flag.or_else(|| name.strip_prefix("_DBT_").filter(|name| *name == "REPLAY"))
}

fn is_harmful(name: &str) -> bool {
    flag(name).is_some_and(|flag| HARMFUL.binary_search(&flag).is_ok())
}

fn off(flag: &str) -> Option<&'static str> {
    OFF.binary_search(&flag).is_ok().then_some("false")
}

fn off_by_name(name: &str) -> Option<&'static str> {
    flag(name).and_then(off)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_lists_are_sorted_for_the_binary_search() {
        assert!(HARMFUL.is_sorted() && OFF.is_sorted());
        assert!(SWITCHES_OF_DBT_2.is_sorted() && VALUES_OF_DBT_2.is_sorted());
        let lists = [OFF, SWITCHES_OF_DBT_2, VALUES_OF_DBT_2];
        assert!(lists.into_iter().flatten().all(|flag| HARMFUL.contains(flag)));
    }

    #[test]
    fn keeps_connections_and_secrets() {
        let names = [
            "DBT_FULL_REFRESH",
            "DBT_ENGINE_EMPTY",
            "DBT_LOG_FORMAT",
            "DBT_PROFILES_DIR",
            "DBT_TARGET",
            "DBT_ENV_SECRET_PASSWORD",
            "DBT_ENV_CUSTOM_ENV_TEAM",
            "FULL_REFRESH",
        ];
        let hidden = Hidden::of(owned(&names), &BTreeSet::new(), []);
        let ignored: Vec<_> = hidden.ignored().collect();
        assert_eq!(ignored, ["DBT_ENGINE_EMPTY", "DBT_FULL_REFRESH", "DBT_LOG_FORMAT"]);
    }

    #[test]
    fn an_absent_variable_is_not_left_to_a_file() {
        let set = owned(&["DBT_LOG_FORMAT", "DBT_STATE", "DBT_QUIET"]);
        let dotenv = owned(&["DBT_STATE", "DBT_SAMPLE", "DBT_ENGINE_EMPTY", "DBT_TARGET", "DBT_TARGET_PATH"]);
        let settings = ["full_refresh", "sample", "hints_enabled"].map(str::to_owned);
        let hidden = Hidden::of(set, &dotenv, settings);
        assert_eq!(hidden.removed().collect::<Vec<_>>(), ["DBT_LOG_FORMAT"]);
        let expected = [
            ("DBT_ENGINE_EMPTY", "false"),
            ("DBT_ENGINE_FULL_REFRESH", "false"),
            ("DBT_QUIET", "false"),
            ("DBT_SAMPLE", ""),
            ("DBT_STATE", ""),
            ("DBT_TARGET_PATH", ""),
        ];
        assert_eq!(hidden.set().collect::<Vec<_>>(), expected);
        let expected = [
            "DBT_ENGINE_EMPTY (in .env)",
            "full_refresh (in ~/.dbt/user_settings.yml)",
            "DBT_LOG_FORMAT",
            "DBT_QUIET",
            "DBT_SAMPLE (in .env)",
        ];
        assert_eq!(hidden.ignored().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn dbt_2_takes_no_empty_variable_for_absent() {
        let set = owned(&["DBT_LOG_FORMAT", "DBT_QUIET", "DBT_STATE"]);
        let dotenv = owned(&["DBT_ENGINE_FULL_REFRESH", "DBT_QUIET", "DBT_TARGET_PATH", "DBT_TARGET"]);
        let hidden = Hidden::without_empty_variables(set.clone(), &dotenv);
        let off = [("DBT_ENGINE_FULL_REFRESH", "false"), ("DBT_QUIET", "false")];
        assert_eq!(hidden.set().collect::<Vec<_>>(), off);
        assert_eq!(hidden.removed().collect::<Vec<_>>(), ["DBT_LOG_FORMAT", "DBT_STATE", "DBT_TARGET_PATH"]);
        assert!(hidden.require_complete().is_ok());

        let hidden = Hidden::without_empty_variables(set, &owned(&["DBT_STATE", "DBT_X_ALT_TARGET"]));
        let error = hidden.require_complete().expect_err("it is left").to_string();
        assert!(error.starts_with(".env sets DBT_STATE, DBT_X_ALT_TARGET, which"), "{error}");
    }

    #[test]
    fn options_for_warnings_are_those_of_this_tool() {
        let set = owned(&["DBT_WARN_ERROR_OPTIONS", "DBT_WARN_ERROR", "DBT_ENGINE_WARN_ERROR"]);
        let dotenv = owned(&["DBT_ENGINE_WARN_ERROR_OPTIONS"]);
        let hidden = Hidden::of(set, &dotenv, []);
        let removed = ["DBT_ENGINE_WARN_ERROR", "DBT_WARN_ERROR", WARNING_VARIABLE];
        assert_eq!(hidden.removed().collect::<Vec<_>>(), removed);
        assert_eq!(hidden.set().collect::<Vec<_>>(), [("DBT_ENGINE_WARN_ERROR_OPTIONS", "")]);
        assert_eq!(Warnings::Usual.restored(), Some((WARNING_VARIABLE, "{}".to_owned())));
        assert_eq!(Warnings::Errors.restored(), None);
    }

    #[test]
    fn reads_the_flags_of_the_users_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("user_settings.yml");
        assert_eq!(flags_in(&file), Vec::<String>::new());
        fs::write(&file, "flags: {full_refresh: true, quiet: false}\n").expect("written");
        assert_eq!(flags_in(&file), ["full_refresh", "quiet"]);
        for other in ["", "flags: [a]\n", "{"] {
            fs::write(&file, other).expect("written");
            assert_eq!(flags_in(&file), Vec::<String>::new(), "{other}");
        }
    }
}
