//! Which versions of dbt this tool works with.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;

/// The oldest version that the tests run with.
pub(super) const OLDEST: Version = Version { major: 1, minor: 7 };

/// dbt-core's version without the parts that decide nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
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
            _ => bail!("'{text}' is not a version of dbt"),
        }
    }
}

/// Refuses versions that this tool does not work with.
///
/// # Errors
/// The version is older than the oldest one that the tests run with, or it is not dbt-core 1.
pub fn check_version(text: &str) -> Result<()> {
    let version: Version = text.parse().context("cannot read the version of dbt")?;
    if version < OLDEST {
        bail!("dbt {text} is too old: this tool works with dbt-core {OLDEST} and newer");
    }
    if version.major != OLDEST.major {
        bail!("dbt {text} is not supported: this tool works with dbt-core 1, from {OLDEST} on");
    }
    Ok(())
}

/// dbt 1.1 and newer print `- installed: 1.4.9`; older ones print `installed version: 1.0.1`.
static INSTALLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"installed(?: version)?:\s*v?(\d+\.\d+[^\s]*)").expect("a pattern that the tests use")
});

/// The line about an adapter: `- postgres: 1.11.0 - Up to date!`.
static ADAPTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*- ([\w-]+):\s*v?(\d\S*)").expect("a pattern that the tests use"));

/// dbt-core's version in the output of `dbt --version`.
#[must_use]
pub fn core_version_in(text: &str) -> Option<String> {
    INSTALLED.captures(text).map(|found| found[1].to_owned())
}

/// The versions of dbt and its adapters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The version of dbt-core.
    pub core: String,
    /// Name and version of each adapter, sorted by name.
    pub adapters: Vec<(String, String)>,
}

impl Versions {
    /// Reads the output of `dbt --version`; none if it names no version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let core = core_version_in(text)?;
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
        for good in ["1.7.20", "1.11.16", "1.12.0b1", "1.12.6"] {
            assert!(check_version(good).is_ok(), "{good}");
        }
        for (wrong, words) in
            [("1.6.19", "too old"), ("0.21.1", "too old"), ("2.0.0-preview.1", "not supported")]
        {
            assert!(check_version(wrong).expect_err(wrong).to_string().contains(words), "{wrong}");
        }
        assert!(check_version("?").is_err());
    }

    #[test]
    fn finds_the_version_in_dbts_output() {
        let output = "Core:\n  - installed: 1.4.9\n  - latest:    1.11.16 - Update available!\n";
        assert_eq!(core_version_in(output).as_deref(), Some("1.4.9"));
        assert_eq!(core_version_in("hello"), None);
    }

    #[test]
    fn finds_the_adapters_in_dbts_output() {
        let output = "Core:\n  - installed: 1.11.16\n  - latest:    1.12.6  - Update available!\n\n  You can \
                      find …\n\n\
                      Plugins:\n  - postgres: 1.11.0 - Up to date!\n  - duckdb:   1.7.5  - Update \
                      available!\n\n  At least one …\n";
        let adapters = [("duckdb", "1.7.5"), ("postgres", "1.11.0")];
        let adapters = adapters.map(|(name, version)| (name.to_owned(), version.to_owned())).to_vec();
        assert_eq!(Versions::parse(output), Some(Versions { core: "1.11.16".into(), adapters }));
        assert_eq!(Versions::parse("hello"), None);
    }
}
