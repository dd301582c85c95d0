//! Which versions of dbt this tool works with.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;

/// The oldest one that the tests run with.
pub const OLDEST: Version = Version { major: 1, minor: 7 };

/// dbt-core's version, as far as it decides something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 1.
    pub major: u32,
    /// 11.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => bail!("'{text}' is no version of dbt"),
        }
    }
}

/// Refuses versions that this tool does not work with.
///
/// # Errors
/// Older than `OLDEST`, or not dbt-core 1.
pub fn check(text: &str) -> Result<()> {
    let version: Version = text.parse().context("the dbt manifest states no version")?;
    if version < OLDEST {
        bail!("dbt {text} is too old: this tool works with dbt-core {OLDEST} and newer");
    }
    if version.major != OLDEST.major {
        bail!("dbt {text} is not supported: this tool works with dbt-core {OLDEST} and newer of version 1");
    }
    Ok(())
}

/// dbt 1.x lists `- installed: 1.4.9`; dbt 1.0 and older say `installed version: 1.0.1`.
static INSTALLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"installed(?: version)?:\s*v?(\d+\.\d+[^\s]*)").expect("a pattern that the tests use")
});

/// A line about an adapter.
static ADAPTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*- ([\w-]+):\s*v?(\d\S*)").expect("a pattern that the tests use"));

/// dbt-core's version in what `dbt --version` prints.
#[must_use]
pub fn in_output(text: &str) -> Option<String> {
    INSTALLED.captures(text).map(|found| found[1].to_owned())
}

/// What `dbt --version` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// dbt-core's.
    pub core: String,
    /// The adapters' names and versions.
    pub adapters: Vec<(String, String)>,
}

impl Versions {
    /// Reads what `dbt --version` printed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let core = in_output(text)?;
        let (_, plugins) = text.split_once("Plugins:").unwrap_or_default();
        let mut adapters: Vec<_> =
            ADAPTER.captures_iter(plugins).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
        adapters.sort();
        Some(Self { core, adapters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_foreign_versions_are_refused() {
        for good in ["1.7.20", "1.11.16", "1.12.0b1"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for (wrong, words) in
            [("1.6.19", "too old"), ("0.21.1", "too old"), ("2.0.0-preview.1", "not supported")]
        {
            assert!(check(wrong).expect_err(wrong).to_string().contains(words), "{wrong}");
        }
        assert!(check("?").is_err());
    }

    #[test]
    fn finds_the_version_in_dbts_output() {
        let output = "Core:\n  - installed: 1.4.9\n  - latest:    1.11.16 - Update available!\n";
        assert_eq!(in_output(output).as_deref(), Some("1.4.9"));
        assert_eq!(in_output("hello"), None);
    }
    #[test]
    fn finds_the_adapters_in_dbts_output() {
        let output = "Core:\n  - installed: 1.11.16\n  - latest:    1.12.6  - Update available!\n\n  You can find …\n\n\
                      Plugins:\n  - postgres: 1.11.0 - Up to date!\n  - duckdb:   1.7.5  - Update available!\n\n  At least one …\n";
        let adapters = [("duckdb", "1.7.5"), ("postgres", "1.11.0")];
        let adapters = adapters.map(|(name, version)| (name.to_owned(), version.to_owned())).to_vec();
        assert_eq!(Versions::parse(output), Some(Versions { core: "1.11.16".into(), adapters }));
        assert_eq!(Versions::parse("hello"), None);
    }
}
