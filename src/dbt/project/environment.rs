//! dbt also reads flags from its environment. This tool hides those that would change what a run does.

use std::collections::BTreeSet;

/// Flags (without `DBT_` or `DBT_ENGINE_`) that change what a run builds, where it writes or what it prints.
///
/// The list is that of dbt 1.7 to 1.11. In versions that do not know a name, it has no effect. dbt still sees
/// connection settings (`DBT_PROFILES_DIR`, `DBT_TARGET`, …), secrets (`DBT_ENV_SECRET_…`) and
/// the project's own variables.
const HARMFUL: &[&str] = &[
    "ARTIFACT_STATE_PATH",
    "CLEAN_PROJECT_FILES_ONLY",
    "DEBUG",
    "DEFER",
    "DEFER_STATE",
    "DEFER_TO_STATE",
    "EMPTY",
    "ENABLE_LEGACY_LOGGER",
    "EVENT_TIME_END",
    "EVENT_TIME_START",
    "EXCLUDE_RESOURCE_TYPES",
    "EXPORT_SAVED_QUERIES",
    "FAIL_FAST",
    "FAVOR_STATE",
    "FAVOR_STATE_MODE",
    "FULL_REFRESH",
    "INCLUDE_SAVED_QUERY",
    "INDIRECT_SELECTION",
    "INTROSPECT",
    "LOG_CACHE_EVENTS",
    "LOG_FILE_MAX_BYTES",
    "LOG_FORMAT",
    "LOG_FORMAT_FILE",
    "LOG_LEVEL",
    "LOG_LEVEL_FILE",
    "LOG_PATH",
    "MACRO_DEBUGGING",
    "NO_PRINT",
    "PARTIAL_PARSE",
    "PARTIAL_PARSE_FILE_DIFF",
    "PARTIAL_PARSE_FILE_PATH",
    "PRINT",
    "PRINTER_WIDTH",
    "QUIET",
    "RESOURCE_TYPES",
    "SAMPLE",
    "STATE",
    "TARGET_PATH",
    "USE_COLORS",
    "USE_COLORS_FILE",
    "WARN_ERROR",
    "WARN_ERROR_OPTIONS",
    "WRITE_JSON",
];

/// Those of the given variables that dbt must not see.
#[must_use]
pub fn harmful<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().filter(|name| is_harmful(name)).map(str::to_owned).collect()
}

/// The variables of this process that dbt must not see.
#[must_use]
pub fn harmful_here() -> BTreeSet<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| is_harmful(name))
        .collect()
}

fn is_harmful(name: &str) -> bool {
    // Since dbt 1.11, `DBT_ENGINE_X` takes precedence over `DBT_X`.
    name.strip_prefix("DBT_ENGINE_")
        .or_else(|| name.strip_prefix("DBT_"))
        .is_some_and(|flag| HARMFUL.binary_search(&flag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_the_binary_search() {
        assert!(HARMFUL.is_sorted());
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
        let found: Vec<_> = harmful(names).into_iter().collect();
        assert_eq!(found, ["DBT_ENGINE_EMPTY", "DBT_FULL_REFRESH", "DBT_LOG_FORMAT"]);
    }
}
