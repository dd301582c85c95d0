//! Finds the line of a file that a finding is about.

use std::collections::HashMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use marked_yaml::Node;

use super::finding::Place;
use crate::dbt::{PROJECT_FILE, Project};

/// Finds lines. It reads each file once.
pub(super) struct Locator<'p> {
    project: &'p Project,
    root: &'p str,
    /// The file that the project's vars are in.
    vars_file: &'p str,
    files: HashMap<Utf8PathBuf, Option<String>>,
}

impl<'p> Locator<'p> {
    pub(super) fn new(project: &'p Project, root: &'p str, vars_file: &'p str) -> Self {
        Self { project, root, vars_file, files: HashMap::new() }
    }

    /// The file, relative to the project's folder, and the line in it, if known.
    pub(super) fn find(&mut self, place: &Place) -> (Utf8PathBuf, Option<usize>) {
        match place {
            Place::Project { keys } => {
                let is_var = keys.first().is_some_and(|first| first == "vars");
                let file = Utf8Path::new(if is_var { self.vars_file } else { PROJECT_FILE });
                let line = self.text(file).and_then(|text| line_of_key(text, keys));
                (file.to_owned(), line)
            }
            Place::Model { package, path, needle } => {
                let file = self.file(package, path);
                let line =
                    self.text(&file).filter(|_| !needle.is_empty()).and_then(|text| line_of(text, needle));
                (file, line)
            }
        }
    }

    /// dbt's paths start from the package. Each installed package has its own folder.
    fn file(&self, package: &str, path: &Utf8Path) -> Utf8PathBuf {
        let path = path.strip_prefix(".").unwrap_or(path);
        if package == self.root {
            return path.to_owned();
        }
        // Without the folder of packages, the path at least says which package it is.
        let Some(folder) = self.project.package_directory(package) else {
            return Utf8Path::new(package).join(path);
        };
        // dbt links to a package that is inside the project.
        let folder = folder
            .canonicalize_utf8()
            .ok()
            .filter(|real| real.starts_with(&self.project.directory))
            .unwrap_or(folder);
        folder.strip_prefix(&self.project.directory).unwrap_or(&folder).join(path)
    }

    fn text(&mut self, file: &Utf8Path) -> Option<&str> {
        let path = self.project.directory.join(file);
        // The file may be gone: findings come from the dbt manifest.
        self.files.entry(file.to_owned()).or_insert_with(|| fs::read_to_string(path).ok()).as_deref()
    }
}

fn line_of(text: &str, needle: &str) -> Option<usize> {
    text.lines().position(|line| line.contains(needle)).map(|line| line + 1)
}

/// The line of the last key, or of the last one that exists.
fn line_of_key(text: &str, keys: &[String]) -> Option<usize> {
    // This parser does not know all of YAML. A finding without a line is still a finding.
    let document = marked_yaml::parse_yaml(0, text).ok()?;
    let mut node: &Node = &document;
    let mut line = None;
    for wanted in keys {
        let Some((key, value)) = node.as_mapping()?.iter().find(|(key, _)| key.as_str() == wanted) else {
            break;
        };
        line = key.span().start().map(marked_yaml::Marker::line);
        node = value;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_line_of_a_key() {
        let text = "name: p\nvars:\n  a: 1\n  'shop':\n    # more\n    a: 2\n  flow: {a: 3}\n";
        let line =
            |keys: &[&str]| line_of_key(text, &keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>());
        assert_eq!(line(&["vars", "a"]), Some(3));
        assert_eq!(line(&["vars", "shop", "a"]), Some(6));
        assert_eq!(line(&["vars", "flow", "a"]), Some(7));
        assert_eq!(line(&["vars", "shop", "missing"]), Some(4));
        assert_eq!(line(&["missing"]), None);
        assert_eq!(line_of_key("a: [", &["a".into()]), None);
    }

    #[test]
    fn finds_the_files_of_models() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").canonicalize_utf8().expect("a folder");
        fs::write(root.join(PROJECT_FILE), "name: store\n").expect("written");
        fs::create_dir(root.join("models")).expect("a folder");
        fs::write(root.join("models/a.sql"), "\n\n{{ config(alias='x') }}\n").expect("written");
        let project = Project::read(root.clone()).expect("a project");
        let mut locator = Locator::new(&project, "store", "vars.yml");
        let mut find = |package: &str, path: &str, needle: &str| {
            let place = Place::Model { package: package.into(), path: path.into(), needle: needle.into() };
            let (file, line) = locator.find(&place);
            (file.into_string(), line)
        };
        assert_eq!(find("store", "models/a.sql", "alias"), ("models/a.sql".into(), Some(3)));
        assert_eq!(find("store", "models/a.sql", "tags"), ("models/a.sql".into(), None));
        assert_eq!(find("store", "models/a.sql", ""), ("models/a.sql".into(), None));
        fs::write(root.join("vars.yml"), "vars:\n  a: 1\n").expect("written");
        let keys = |keys: &[&str]| Place::Project { keys: keys.iter().map(|&key| key.to_owned()).collect() };
        assert_eq!(locator.find(&keys(&["vars", "a"])), ("vars.yml".into(), Some(2)));
        assert_eq!(locator.find(&keys(&["name"])), (PROJECT_FILE.into(), Some(1)));
        let mut find = |package: &str, path: &str, needle: &str| {
            let place = Place::Model { package: package.into(), path: path.into(), needle: needle.into() };
            let (file, line) = locator.find(&place);
            (file.into_string(), line)
        };
        assert_eq!(find("shop", "models/b.sql", "tags"), ("dbt_packages/shop/models/b.sql".into(), None));
        fs::create_dir_all(root.join("dbt_packages")).expect("a folder");
        std::os::unix::fs::symlink(root.join("models"), root.join("dbt_packages/local")).expect("a link");
        assert_eq!(find("local", "a.sql", "alias"), ("models/a.sql".into(), Some(3)));
    }
}
