//! The virtual environments that `cargo xtask` makes.

use std::path::{Path, PathBuf};

/// An environment, named by what is in it: mostly a version of dbt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dbt {
    venv: &'static str,
}

/// The newest that is tested: most tests call it.
pub const NEW: Dbt = Dbt { venv: "dbt-1.12" };
/// The one before it, which tests call as well where dbt's versions may differ.
pub const PREVIOUS: Dbt = Dbt { venv: "dbt-1.11" };
/// The oldest that is supported.
pub const OLD: Dbt = Dbt { venv: "dbt-1.7" };
/// dbt 2, if there is one: `cargo xtask test --dbt2` says where.
pub const DBT_2: Dbt = Dbt { venv: "dbt-2" };
/// What a Postgres server comes with.
pub const POSTGRES: Dbt = PREVIOUS;
/// No dbt: what builds the wheel and runs hooks.
pub const PACKAGING: Dbt = Dbt { venv: "packaging" };

impl Dbt {
    /// A program of the environment.
    pub fn program(self, name: &str) -> PathBuf {
        if self == DBT_2 {
            let given = std::env::var_os("SNOWPLOW_BACKFILL_TEST_DBT2").expect("the path of a dbt 2");
            return if name == "dbt" { given.into() } else { NEW.program(name) };
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder");
        let path = target.join("xtask").join(self.venv).join("bin").join(name);
        assert!(path.exists(), "{} is missing: run the tests with `cargo xtask test`", path.display());
        path
    }
}

/// A file beside these.
pub fn support(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/support").join(name)
}

/// The fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
