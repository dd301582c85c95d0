//! What rules find, and what becomes of it.

use camino::Utf8PathBuf;
use serde::Serialize;

use super::severity::Severity;
use super::subject::Subject;
use crate::dbt::Node;

/// What a rule returns.
#[derive(Debug, Clone)]
pub struct Found {
    /// The model that it is about; none if it is about the project.
    pub model: Option<Model>,
    pub place: Place,
    /// What is wrong, on what.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl Found {
    /// About a model. `needle` is a word in the line of its file that the finding points to.
    pub(super) fn in_model(node: &Node, needle: &str, message: String, advice: String) -> Self {
        let place = Place::Model {
            package: node.package_name.clone(),
            path: node.path.clone().into(),
            needle: needle.to_owned(),
        };
        Self { model: Some(Model::of(node)), place, message, advice }
    }

    /// About a selector of the root project.
    pub(super) fn in_selectors(subject: &Subject, selector: &str, message: String, advice: String) -> Self {
        Self::in_root(subject, "selectors.yml", format!("name: {selector}"), message, advice)
    }

    /// About what the root project installs.
    pub(super) fn in_packages(subject: &Subject, package: &str, message: String, advice: String) -> Self {
        let is_there = |file: &&str| subject.project.directory.join(file).is_file();
        let file = ["packages.yml", "dependencies.yml"].into_iter().find(is_there);
        Self::in_root(subject, file.unwrap_or("packages.yml"), package.to_owned(), message, advice)
    }

    fn in_root(subject: &Subject, file: &str, needle: String, message: String, advice: String) -> Self {
        let place = Place::Model { package: subject.root().to_owned(), path: file.into(), needle };
        Self { model: None, place, message, advice }
    }

    /// The same finding, about several models: its place is only the first one.
    pub(super) fn about_several(self) -> Self {
        Self { model: None, ..self }
    }

    /// The same finding about a model that the user cannot change in its own file.
    pub(super) fn about(self, node: &Node) -> Self {
        Self { model: Some(Model::of(node)), ..self }
    }

    /// About dbt_project.yml. `keys` lead to the line that the finding points to.
    pub(super) fn in_project(keys: &[&str], message: String, advice: String) -> Self {
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        Self { model: None, place: Place::Project { keys }, message, advice }
    }
}

/// A model in a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    pub name: String,
    /// Its `unique_id`.
    pub unique_id: String,
}

impl Model {
    fn of(node: &Node) -> Self {
        Self { name: node.name.clone(), unique_id: node.unique_id.clone() }
    }
}

/// Where a finding is, before its file was read.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file of a dbt package: a model's file, or a file of the root project.
    Model {
        /// The dbt package that the path starts from.
        package: String,
        path: Utf8PathBuf,
        /// A word in the line that the finding points to; empty if there is no such line.
        needle: String,
    },
    /// In the root project's dbt_project.yml.
    Project {
        /// The keys that lead to the line that the finding points to.
        keys: Vec<String>,
    },
}

/// A finding that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    /// How bad it is here.
    pub severity: Severity,
    /// The model that it is about.
    pub model: Option<Model>,
    /// The file, relative to the project's folder.
    pub file: Utf8PathBuf,
    /// The line in it, from 1, if known.
    pub line: Option<usize>,
    /// What is wrong, on what.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

/// The first names in a message, and the number of the others.
pub(super) fn first_of(names: &[&str], what: &str) -> String {
    const MOST: usize = 3;
    match names.split_at_checked(MOST) {
        Some((first, others)) if !others.is_empty() => {
            let (number, s) = (others.len(), if others.len() == 1 { "" } else { "s" });
            format!("{} and {number} other {what}{s}", list(first.iter().copied()))
        }
        _ => list(names.iter().copied()),
    }
}

/// Names in a message.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
