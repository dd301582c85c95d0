//! `.env`: dbt 1.12 and newer fill environment variables that are not set from this file, before they read their
//! flags.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::dbt::dialect::Dialect;

/// The name of the file, in the working directory or in the nearest folder above it.
pub(super) const DOTENV: &str = ".env";

/// The variables that any dbt may take from the file in this working directory or above it. Those that this process has are
/// among them, although dbt keeps their values.
#[must_use]
pub fn dotenv_names_here() -> BTreeSet<String> {
    names_up_to(usize::MAX)
}

/// The variables that a version of dbt may take from the file.
pub(super) fn dotenv_names(dialect: Dialect) -> BTreeSet<String> {
    names_up_to(if dialect.looks_for_dotenv_above() { usize::MAX } else { 1 })
}

fn names_up_to(folders: usize) -> BTreeSet<String> {
    let here = std::env::current_dir().ok().and_then(|path| Utf8PathBuf::try_from(path).ok());
    here.map(|directory| names_in(&directory, folders)).unwrap_or_default()
}

/// `folders`: how many folders are looked at, from this one upwards.
fn names_in(directory: &Utf8Path, folders: usize) -> BTreeSet<String> {
    let mut files = directory.ancestors().take(folders).map(|folder| folder.join(DOTENV));
    let file = files.find(|path| path.is_file());
    let text = file.and_then(|path| fs::read(path).ok()).unwrap_or_default();
    names(&String::from_utf8_lossy(&text)).map(str::to_owned).collect()
}

/// The names that a text sets. Values are not looked at: they can be quoted, span lines and refer to each
/// other. A line of a longer value that looks like another variable gives a name too many, which does no harm.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (name, _) = line.split_once('=')?;
        let name = name.trim();
        let name =
            name.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(name);
        let name = name.trim().trim_matches('\'');
        (!name.is_empty() && !name.contains(['#', ' ', '\t'])).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_as_dbt_does() {
        let text = "\u{23}A=1\nB=2\n export  C = 'x'\n'D'=\"a=b\"\nE\nexported=1\nF G=1\n\n=2\r\nH=\r\n";
        assert_eq!(names(text).collect::<Vec<_>>(), ["B", "C", "D", "exported", "H"]);
    }

    #[test]
    fn the_nearest_file_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let below = root.join("a/b");
        fs::create_dir_all(&below).expect("folders");
        fs::write(root.join(DOTENV), "FAR=1").expect("written");
        assert_eq!(names_in(&below, usize::MAX), BTreeSet::from(["FAR".to_owned()]));
        assert_eq!(names_in(&below, 1), BTreeSet::new());
        fs::write(root.join("a").join(DOTENV), "NEAR=1").expect("written");
        assert_eq!(names_in(&below, usize::MAX), BTreeSet::from(["NEAR".to_owned()]));
    }
}
