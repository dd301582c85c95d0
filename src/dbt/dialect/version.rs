//! Which versions of dbt this tool works with.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;

/// The oldest version that the tests run with.
pub(super) const OLDEST: Version = Version::of(1, 7);

/// The first version that reads `vars.yml`.
pub const FIRST_WITH_VARS_FILE: Version = Version::of(1, 12).first();

/// The versions of dbt 1 that the tests run with.
const TESTED: &[Version] = &[OLDEST, Version::of(1, 11), Version::of(1, 12)];

/// The dbt 2 that the recordings are of which the tests are answered with.
const RECORDED: Version = Version { stage: Stage::Beta, number: 2, ..Version::of(2, 0) };

/// A version of dbt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    patch: u32,
    stage: Stage,
    /// The number of a pre-release.
    number: u32,
}

/// How far a version has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Development,
    Alpha,
    Preview,
    Beta,
    Candidate,
    Released,
}

impl Version {
    const fn of(major: u32, minor: u32) -> Self {
        Self { major, minor, patch: 0, stage: Stage::Released, number: 0 }
    }

    /// The earliest pre-release of it.
    const fn first(self) -> Self {
        Self { stage: Stage::Development, ..self }
    }

    fn is_same_minor(self, other: Self) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// `1.12.0b1` as Python writes it, `2.0.0-beta.2` as Rust does.
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d+)\.(\d+)(?:\.(\d+))?(?:[-.]?([a-z]+)[-.]?(\d*))?")
        .expect("a pattern that the tests use")
});

impl FromStr for Version {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some(parts) = VERSION.captures(text) else { bail!("'{text}' is not a version of dbt") };
        let number = |at: usize| parts.get(at).map_or(Ok(0), |part| part.as_str().parse());
        let stage = match parts.get(4).map_or("", |stage| stage.as_str()) {
            "" | "post" => Stage::Released,
            "a" | "alpha" => Stage::Alpha,
            "preview" => Stage::Preview,
            "b" | "beta" => Stage::Beta,
            "rc" | "c" => Stage::Candidate,
            _ => Stage::Development,
        };
        let [major, minor, patch] = [number(1)?, number(2)?, number(3)?];
        Ok(Self { major, minor, patch, stage, number: number(5).unwrap_or_default() })
    }
}

/// How much is known of a version that this tool works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The tests run with it.
    Tested,
    /// The tests run with an older and a newer one.
    BetweenTested,
    /// It may differ from what is known. Holds what to say about it.
    Untried(String),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tested => "a tested version",
            Self::BetweenTested => "between tested versions",
            Self::Untried(_) => "not a tested version",
        })
    }
}

/// How much is known of a version.
///
/// # Errors
/// This tool does not work with it. The error says which versions it works with.
pub fn standing(text: &str) -> Result<Standing> {
    let version: Version = text.parse().context("cannot read the version of dbt")?;
    if version.major < 2 && version < OLDEST.first() {
        bail!(
            "dbt {text} is too old: this tool works with dbt-core {OLDEST} and newer. Upgrade it, or use another dbt"
        );
    }
    if version.major >= 2 && version < RECORDED {
        bail!(
            "dbt {text} is not supported: of dbt 2, this tool works with 2.0.0-beta.2 and newer. Upgrade it, or use dbt-core 1"
        );
    }
    if TESTED.iter().any(|tested| version.is_same_minor(*tested)) {
        return Ok(Standing::Tested);
    }
    let newest = TESTED.iter().max().copied().unwrap_or(OLDEST);
    if version < newest {
        return Ok(Standing::BetweenTested);
    }
    Ok(Standing::Untried(match version.major {
        1 => format!(
            "dbt {text} is newer than the dbt-core that this tool was tested with, {newest}. Should anything look \
             wrong, use that one"
        ),
        _ => format!(
            "dbt {text}: of dbt 2, this tool was only tested with recorded answers of 2.0.0-beta.2. Should anything \
             look wrong, use dbt-core {newest}"
        ),
    }))
}

/// Refuses versions that this tool does not work with.
///
/// # Errors
/// See [`standing`].
pub fn check_version(text: &str) -> Result<()> {
    standing(text).map(drop)
}

/// dbt 1.1 and newer print `- installed: 1.4.9`; older ones print `installed version: 1.0.1`.
static INSTALLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"installed(?: version)?:\s*v?(\d+\.\d+[^\s]*)").expect("a pattern that the tests use")
});

/// The line about an adapter: `- postgres: 1.11.0 - Up to date!`.
static ADAPTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*- ([\w-]+):\s*v?(\d\S*)").expect("a pattern that the tests use"));

/// dbt 2 prints one line: `dbt-core 2.0.0-beta.2`.
static ONE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^dbt(?:-core|-fusion)? v?(\d+\.\d+\S*)").expect("a pattern that the tests use")
});

/// dbt's version in the output of `dbt --version`.
#[must_use]
pub fn core_version_in(text: &str) -> Option<String> {
    let found = INSTALLED.captures(text).or_else(|| ONE_LINE.captures(text));
    found.map(|found| found[1].to_owned())
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
    fn old_and_unknown_versions_are_told_from_tested_ones() {
        for (text, expected) in [
            ("1.7.20", Standing::Tested),
            ("1.8.0rc1", Standing::BetweenTested),
            ("1.10.3", Standing::BetweenTested),
            ("1.11.16", Standing::Tested),
            ("1.12.0b1", Standing::Tested),
        ] {
            assert_eq!(standing(text).expect(text), expected, "{text}");
        }
        for text in ["1.13.0", "2.0.0-beta.2", "2.0.0rc9", "2.0.9", "2.1.0-alpha.1", "3.0.0"] {
            let Ok(Standing::Untried(said)) = standing(text) else { panic!("{text}") };
            assert!(said.starts_with(&format!("dbt {text}")) && said.contains("1.12"), "{said}");
        }
        for (text, words) in [
            ("1.6.19", "too old"),
            ("0.21.1", "too old"),
            ("2.0.0-preview.1", "not supported"),
            ("2.0.0-beta.1", "not supported"),
            ("2.0.0-alpha.5", "not supported"),
            ("?", "cannot read"),
        ] {
            let error = standing(text).expect_err(text).to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn versions_have_an_order() {
        let written = [
            "1.7.0",
            "1.12.0b1",
            "1.12.0rc1",
            "1.12.0",
            "1.12.6",
            "2.0.0.dev1",
            "2.0.0-alpha.5",
            "2.0.0-preview.12",
            "2.0.0-beta.1",
            "2.0.0-beta.2",
            "2.0.0rc9",
            "2.0.0",
            "2.0.9",
        ];
        let versions: Vec<Version> = written.iter().map(|text| text.parse().expect(text)).collect();
        assert!(versions.is_sorted(), "{versions:?}");
    }

    #[test]
    fn finds_the_version_in_dbts_output() {
        let output = "Core:\n  - installed: 1.4.9\n  - latest:    1.11.16 - Update available!\n";
        assert_eq!(core_version_in(output).as_deref(), Some("1.4.9"));
        assert_eq!(core_version_in("dbt-core 2.0.0-beta.2\n").as_deref(), Some("2.0.0-beta.2"));
        assert_eq!(core_version_in("dbt-fusion 2.0.9\n").as_deref(), Some("2.0.9"));
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
