//! Tells dbt-core 1 by how it is installed, because its `dbt --version` takes seconds and asks the network.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::version::Version;

/// The module that the script imports. That of dbt-core 2 has the same name.
const MODULE: &str = "dbt.cli.main";

/// A script that starts a module is shorter than this. Whatever is longer is something else.
const LENGTH: u64 = 4096;

/// The version of dbt-core 1 that a program is, if it is the script of an installer in a virtual environment (or one of
/// conda's), whose packages name their versions. Whatever else it is, such as `uv`, may start any version.
#[must_use]
pub fn installed_dbt_1(program: &Path) -> Option<Version> {
    let mut text = Vec::new();
    File::open(program).ok()?.take(LENGTH).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let interpreter = text.lines().next()?.strip_prefix("#!")?.split_whitespace().next()?;
    let environment = Path::new(interpreter).parent()?.parent()?;
    if !text.contains(MODULE) {
        return None;
    }
    let versions = versions_in(environment);
    // Two of them would be a broken environment.
    let [version] = versions.as_slice() else { return None };
    Some(*version).filter(|version| version.major == 1)
}

/// The versions of dbt-core that an environment has.
fn versions_in(environment: &Path) -> Vec<Version> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let packages = entries(&environment.join("lib")).map(|python| python.path().join("site-packages"));
    let names =
        packages.flat_map(|folder| entries(&folder).map(|entry| entry.file_name()).collect::<Vec<_>>());
    let version = |name: &str| name.strip_prefix("dbt_core-")?.strip_suffix(".dist-info")?.parse().ok();
    names.filter_map(|name| version(name.to_str()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program is in an environment with these packages.
    fn told(script: &str, packages: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = folder.path().join("venv");
        fs::create_dir_all(environment.join("bin")).expect("a folder");
        for package in packages {
            fs::create_dir_all(environment.join("lib/python3.11/site-packages").join(package))
                .expect("a folder");
        }
        let script = script.replace("VENV", environment.to_str().expect("UTF-8"));
        fs::write(environment.join("bin/dbt"), script).expect("written");
        installed_dbt_1(&environment.join("bin/dbt")).map(|version| version.to_string())
    }

    const SCRIPT: &str = "#!VENV/bin/python\nimport sys\nfrom dbt.cli.main import cli\nsys.exit(cli())\n";

    #[test]
    fn only_the_script_of_an_installer_is_known() {
        let dbt_1 = ["dbt_core-1.12.6.dist-info", "dbt_duckdb-1.11.1.dist-info"];
        assert_eq!(told(SCRIPT, &dbt_1).as_deref(), Some("1.12"));
        for script in [
            "#!/bin/sh\nexec uv run dbt \"$@\"\n",
            "#!/usr/bin/env python\nfrom dbt.cli.main import cli\n",
            "#!VENV/bin/python\nimport os\n",
            "\u{7f}ELF dbt.cli.main",
            "",
        ] {
            assert_eq!(told(script, &dbt_1), None, "{script}");
        }
        assert_eq!(installed_dbt_1(Path::new("no-such-file-anywhere")), None);
    }

    #[test]
    fn dbt_2_has_the_same_script() {
        for packages in [
            &["dbt_core-2.0.0rc9.dist-info"][..],
            &["dbt_core-1.12.6.dist-info", "dbt_core-2.0.9.dist-info"],
            &["dbt-2.0.9.dist-info"],
            &[],
        ] {
            assert_eq!(told(SCRIPT, packages), None, "{packages:?}");
        }
    }
}
