//! How the versions of dbt differ. Nothing else in this tool looks at a version of dbt: it asks the dialect.
//!
//! dbt 1 is written in Python, dbt 2 in Rust. They take other arguments and tell the same things in other ways.

use anyhow::Result;

mod program;
mod quirk;
mod version;

pub(in crate::dbt) use program::installed_dbt_1;
use quirk::Quirk;
pub(in crate::dbt) use version::{FIRST_WITH_VARS_FILE, Version, core_version_in};
pub use version::{Standing, Versions, check_version, standing};

/// What a version of dbt understands, tells and gets wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    version: Version,
}

impl Dialect {
    pub(in crate::dbt) fn of(version: Version) -> Self {
        Self { version }
    }

    /// The dialect of a version as dbt writes it.
    ///
    /// # Errors
    /// It is not a version.
    pub(in crate::dbt) fn of_text(version: &str) -> Result<Self> {
        version.parse().map(Self::of)
    }

    /// Whether it reads vars from `vars.yml`, too.
    pub(in crate::dbt) fn reads_vars_file(self) -> bool {
        self.version >= FIRST_WITH_VARS_FILE
    }

    /// Written in Rust: it calls nothing that is Python, refuses what it does not know, and takes each option once.
    fn is_dbt_2(self) -> bool {
        self.version.major >= 2
    }

    fn has(self, quirk: Quirk) -> bool {
        quirk.is_in(self.version)
    }

    /// Whether it takes the flags about colors, debugging, Jinja's `print` and the width of its lines. dbt 2 warns
    /// of each, and a warning may be an error.
    pub(in crate::dbt) fn takes_flags_about_output(self) -> bool {
        !self.is_dbt_2()
    }

    /// Whether a flag may also be set by its variable. In dbt 2, one variable can set a flag and its opposite.
    pub(in crate::dbt) fn takes_variables_for_flags(self) -> bool {
        !self.is_dbt_2()
    }

    /// Whether it reuses what it parsed before, with the vars of the call.
    pub(in crate::dbt) fn has_a_parse_cache(self) -> bool {
        !self.has(Quirk::ParseCacheLosesVars)
    }

    /// Whether it may defer, reuse, clone or skip models without being asked to.
    pub(in crate::dbt) fn manages_state(self) -> bool {
        self.is_dbt_2()
    }

    /// Whether, after what ends a run outside of its models, `run_results.json` calls every model an error.
    pub(in crate::dbt) fn calls_models_errors_after_an_abort(self) -> bool {
        self.has(Quirk::AbortsFailEveryModel)
    }

    /// Whether it runs code of models while it parses them, and warns of what that code finds missing then.
    pub(in crate::dbt) fn warns_while_it_parses(self) -> bool {
        self.has(Quirk::WarnsWhileParsing)
    }

    /// Whether it sends nothing about its use where the project's flags or `DO_NOT_TRACK` say so.
    pub(in crate::dbt) fn heeds_opt_outs(self) -> bool {
        !self.is_dbt_2()
    }

    /// Whether its `dbt ls` says which parts of a selection match nothing.
    pub(in crate::dbt) fn tells_what_matches_nothing(self) -> bool {
        !self.is_dbt_2()
    }

    /// Whether 0 rows are none, and not uncounted ones.
    pub(in crate::dbt) fn counts_rows(self) -> bool {
        !self.has(Quirk::CountsNoRows)
    }

    /// The adapters with which statements that are sent one after another are no transaction from `begin` to `commit`.
    pub(in crate::dbt) fn adapters_without_transactions(self) -> &'static [&'static str] {
        if self.has(Quirk::ConnectionPerStatement) { &["duckdb"] } else { &[] }
    }

    /// The adapters that answer some errors by sending a statement again, alone, over another connection.
    pub(in crate::dbt) fn resending_adapters(self) -> &'static [&'static str] {
        if self.is_dbt_2() { &[] } else { &["redshift"] }
    }

    /// The adapters with which `$x$ … $x$` may hold no semicolons, although the warehouse knows such quotes.
    pub(in crate::dbt) fn adapters_without_dollar_quotes(self) -> &'static [&'static str] {
        if self.has(Quirk::SplitsDollarQuotes) { &["postgres"] } else { &[] }
    }

    /// Whether `.env` is looked for in the folders above the working directory, too.
    pub(in crate::dbt) fn looks_for_dotenv_above(self) -> bool {
        !self.is_dbt_2()
    }

    /// Whether an empty variable is a mistake. To others it is an absent one.
    pub(in crate::dbt) fn refuses_empty_variables(self) -> bool {
        self.is_dbt_2()
    }

    /// Whether it reads flags from the user's settings.
    pub(in crate::dbt) fn has_user_settings(self) -> bool {
        !self.is_dbt_2()
    }

    /// Whether it may write the dbt manifest of another version: dbt 1.12 can parse with dbt 2.
    pub(in crate::dbt) fn may_write_the_manifest_of(self, other: Self) -> bool {
        self.is_dbt_2() == other.is_dbt_2() || self.reads_vars_file()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quirk_is_asked_by_version() {
        let of = |text: &str| Dialect::of(text.parse().expect(text));
        let (old, new) = (of("1.12.6"), of("2.0.0-beta.2"));
        assert!(old.has_a_parse_cache() && old.adapters_without_transactions().is_empty());
        assert!(!new.has_a_parse_cache());
        assert_eq!(new.adapters_without_transactions(), ["duckdb"]);
        assert_eq!(new.adapters_without_dollar_quotes(), ["postgres"]);
        assert!(old.adapters_without_dollar_quotes().is_empty());
    }
}
