//! What calls of dbt settle, so that neither the project nor the environment decides it.

use crate::dbt::dialect::Dialect;

/// A setting that a call makes: as a flag, and as a variable with its value.
///
/// Both are needed: a command line that is pasted into a shell has only the flags, and in dbt 1.7 `config:` of
/// profiles.yml takes precedence over a flag behind the subcommand, but not over a variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct DbtSetting {
    /// The flag, with its value behind `=`.
    pub(super) flag: &'static str,
    /// The variable and its value; none if the flag alone will do.
    pub(super) variable: Option<(&'static str, &'static str)>,
    needed_by: fn(Dialect) -> bool,
}

const fn setting(flag: &'static str, variable: &'static str, value: &'static str) -> DbtSetting {
    DbtSetting { flag, variable: Some((variable, value)), needed_by: |_| true }
}

/// A setting for dialects of which something is true.
const fn flag(flag: &'static str, needed_by: fn(Dialect) -> bool) -> DbtSetting {
    DbtSetting { flag, variable: None, needed_by }
}

impl DbtSetting {
    const fn if_needed(self, needed_by: fn(Dialect) -> bool) -> Self {
        Self { needed_by, ..self }
    }
}

const OUTPUT: fn(Dialect) -> bool = Dialect::takes_flags_about_output;

/// What every call settles. Else `flags:` in dbt_project.yml or `config:` in profiles.yml would decide: they
/// could leave out the models that `dbt ls` prints, its warnings, the run's results, or what went wrong.
const SETTLED: &[DbtSetting] = &[
    setting("--log-level=info", "DBT_LOG_LEVEL", "info"),
    setting("--log-format-file=text", "DBT_LOG_FORMAT_FILE", "text"),
    setting("--log-level-file=debug", "DBT_LOG_LEVEL_FILE", "debug"),
    setting("--no-use-colors", "DBT_USE_COLORS", "false").if_needed(OUTPUT),
    setting("--no-use-colors-file", "DBT_USE_COLORS_FILE", "false").if_needed(OUTPUT),
    setting("--write-json", "DBT_WRITE_JSON", "true"),
    setting("--partial-parse", "DBT_PARTIAL_PARSE", "true").if_needed(Dialect::has_a_parse_cache),
    flag("--no-partial-parse", |dialect| !dialect.has_a_parse_cache()),
    // dbt breaks some messages at this width, within words.
    setting("--printer-width=80", "DBT_PRINTER_WIDTH", "80").if_needed(OUTPUT),
    flag("--no-manage-state", Dialect::manages_state),
];

/// What a call settles that does not defer.
const NO_DEFER: DbtSetting = flag("--no-defer", Dialect::manages_state);

const NO_DEBUG: DbtSetting = setting("--no-debug", "DBT_DEBUG", "false").if_needed(OUTPUT);
const QUIET: DbtSetting = setting("--quiet", "DBT_QUIET", "true");

/// What calls settle in addition whose stdout is read, and that print nothing by a macro.
pub(super) const QUIETLY: &[DbtSetting] =
    &[NO_DEBUG, QUIET, setting("--no-print", "DBT_PRINT", "false").if_needed(OUTPUT)];

/// The same for calls whose answer a macro prints.
pub(super) const PRINTING: &[DbtSetting] =
    &[NO_DEBUG, QUIET, setting("--print", "DBT_PRINT", "true").if_needed(OUTPUT)];

/// What a call settles with a version of dbt. `own` is what it settles in addition to what every call does.
pub(super) fn settled(
    own: &'static [DbtSetting],
    defers: bool,
    dialect: Dialect,
) -> impl Iterator<Item = DbtSetting> {
    let defer = (!defers).then_some(NO_DEFER);
    SETTLED.iter().copied().chain(defer).chain(own.iter().copied()).filter(move |it| (it.needed_by)(dialect))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(own: &'static [DbtSetting], defers: bool, version: &str) -> Vec<&'static str> {
        let dialect = Dialect::of_text(version).expect("a version");
        settled(own, defers, dialect).map(|setting| setting.flag).collect()
    }

    #[test]
    fn dbt_2_gets_no_flag_that_it_warns_of() {
        assert_eq!(
            flags(QUIETLY, false, "2.0.0-beta.2"),
            [
                "--log-level=info",
                "--log-format-file=text",
                "--log-level-file=debug",
                "--write-json",
                "--no-partial-parse",
                "--no-manage-state",
                "--no-defer",
                "--quiet",
            ]
        );
        assert!(!flags(PRINTING, true, "2.0.9").iter().any(|flag| ["--print", "--no-defer"].contains(flag)));
    }

    #[test]
    fn dbt_1_gets_what_it_always_got() {
        for version in ["1.7.20", "1.12.6"] {
            let flags = flags(PRINTING, false, version);
            assert!(
                flags.contains(&"--partial-parse") && flags.ends_with(&["--no-debug", "--quiet", "--print"])
            );
            assert!(!flags.iter().any(|flag| flag.contains("state") || flag.contains("defer")));
        }
    }
}
