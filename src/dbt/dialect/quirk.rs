//! What versions of dbt get wrong, and since when they no longer do.

use super::version::Version;

/// Something that dbt 2 gets wrong. Each is observed in 2.0.0-beta.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quirk {
    /// With a parse cache, models are rendered with the vars of the project, not with those of the call.
    ParseCacheLosesVars,
    /// What ends a run outside of its models (a hook, the connection, Ctrl-C) makes every model an error in
    /// `run_results.json`.
    AbortsFailEveryModel,
    /// `DuckDB` gets a connection for each statement: `begin` and `commit` hold nothing together.
    ConnectionPerStatement,
    /// Text for `PostgreSQL` is split at a semicolon within `$x$ … $x$`.
    SplitsDollarQuotes,
    /// Models that look at `execute` are rendered as in a run while the project is parsed. Their warnings are told.
    WarnsWhileParsing,
    /// `rows_affected` is 0 for `DuckDB` and `PostgreSQL`.
    CountsNoRows,
}

impl Quirk {
    /// The first version without it; none as long as no version is known that has mended it.
    fn mended_in(self) -> Option<&'static str> {
        match self {
            Self::ParseCacheLosesVars
            | Self::AbortsFailEveryModel
            | Self::ConnectionPerStatement
            | Self::SplitsDollarQuotes
            | Self::WarnsWhileParsing
            | Self::CountsNoRows => None,
        }
    }

    pub(super) fn is_in(self, version: Version) -> bool {
        let mended = self.mended_in().map(|text| text.parse().expect("a version"));
        version.major >= 2 && mended.is_none_or(|mended: Version| version < mended)
    }
}
