//! Tells dbt 1 by how it is started, because `dbt --version` of dbt 1 takes seconds and asks the network.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The module that the `dbt` of every dbt-core 1 imports. dbt 2 has no Python.
const MODULE: &str = "dbt.cli.main";

/// A script that starts a module is shorter than this. Whatever is longer is something else.
const LENGTH: u64 = 4096;

/// Whether an executable is the script by which Python's installers start dbt-core 1. Whatever else it is, such as
/// `uv`, may start any version.
#[must_use]
pub fn is_dbt_1(executable: &str, directory: &Path) -> bool {
    let text = found(executable, directory).and_then(|path| {
        let mut text = Vec::new();
        File::open(path).ok()?.take(LENGTH).read_to_end(&mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    text.is_some_and(|text| text.starts_with("#!") && text.contains(MODULE))
}

/// The file that a name or a path stands for.
fn found(executable: &str, directory: &Path) -> Option<PathBuf> {
    if executable.contains('/') {
        return Some(directory.join(executable));
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(executable)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_the_script_of_an_installer_is_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "#!/usr/bin/env python\nimport sys\nfrom dbt.cli.main import cli\nsys.exit(cli())\n";
        for (text, expected) in [
            (script, true),
            ("#!/bin/sh\nexec uv run dbt \"$@\"\n", false),
            ("\u{7f}ELF dbt.cli.main", false),
            ("", false),
        ] {
            fs::write(folder.path().join("dbt"), text).expect("written");
            assert_eq!(is_dbt_1("./dbt", folder.path()), expected, "{text}");
        }
        assert!(!is_dbt_1("./no-such-file", folder.path()));
        assert!(!is_dbt_1("no-such-program-anywhere", folder.path()));
    }
}
