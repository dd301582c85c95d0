//! Reads `dbt_project.yml`: where the project's files are, and its vars.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::yaml;

/// The file that makes a folder a dbt project.
pub const PROJECT_FILE: &str = "dbt_project.yml";

/// A dbt project on disk.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds `dbt_project.yml`, absolute.
    pub directory: Utf8PathBuf,
    pub name: String,
    /// Its `profile`, as written: it may hold Jinja.
    pub profile: Option<Value>,
    /// Its `quoting`, as written.
    pub quoting: Option<Value>,
    /// Its `vars`.
    pub vars: Mapping,
    /// Its `dispatch`, as written.
    pub dispatch: Option<Value>,
    target_path: Option<String>,
    packages_path: Option<String>,
    source_paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ProjectFile {
    name: String,
    profile: Option<Value>,
    quoting: Option<Value>,
    vars: Option<Mapping>,
    dispatch: Option<Value>,
    target_path: Option<String>,
    packages_install_path: Option<String>,
    model_paths: Option<Vec<String>>,
    macro_paths: Option<Vec<String>>,
    seed_paths: Option<Vec<String>>,
    snapshot_paths: Option<Vec<String>>,
    test_paths: Option<Vec<String>>,
    analysis_paths: Option<Vec<String>>,
    function_paths: Option<Vec<String>>,
    version: Option<Value>,
}

impl Project {
    /// Finds the project as dbt does: in `given`, else in `directory` or the nearest folder above it.
    ///
    /// # Errors
    /// There is no project, or its `dbt_project.yml` cannot be read.
    pub fn find(given: Option<&Utf8Path>, directory: &Utf8Path) -> Result<Self> {
        Self::read(Self::locate(given, directory)?)
    }

    /// The absolute path of that project's folder.
    ///
    /// # Errors
    /// There is no project.
    pub fn locate(given: Option<&Utf8Path>, directory: &Utf8Path) -> Result<Utf8PathBuf> {
        let folder = match given {
            Some(given) => {
                let folder = directory.join(given);
                if !folder.join(PROJECT_FILE).is_file() {
                    bail!("no {PROJECT_FILE} in {folder}: --project-dir must name the folder that holds it");
                }
                folder
            }
            None => directory
                .ancestors()
                .find(|folder| folder.join(PROJECT_FILE).is_file())
                .with_context(|| {
                    format!(
                        "no {PROJECT_FILE} in {directory} or above it: run this inside a dbt project, or \
                         give --project-dir"
                    )
                })?
                .to_owned(),
        };
        folder.canonicalize_utf8().with_context(|| format!("cannot open {folder}"))
    }

    /// Reads the project in a folder.
    ///
    /// # Errors
    /// `dbt_project.yml` cannot be read, or is not a project file.
    pub fn read(directory: Utf8PathBuf) -> Result<Self> {
        let file = read_project_file(&directory)?;
        let source_paths = [
            (file.model_paths, "models"),
            (file.macro_paths, "macros"),
            (file.seed_paths, "seeds"),
            (file.snapshot_paths, "snapshots"),
            (file.test_paths, "tests"),
            (file.analysis_paths, "analyses"),
            (file.function_paths, "functions"),
        ];
        let source_paths = source_paths
            .into_iter()
            .flat_map(|(given, default)| given.unwrap_or_else(|| vec![default.to_owned()]));
        Ok(Self {
            directory,
            name: file.name,
            profile: file.profile,
            quoting: file.quoting,
            vars: file.vars.unwrap_or_default(),
            dispatch: file.dispatch,
            target_path: file.target_path,
            packages_path: file.packages_install_path,
            source_paths: source_paths.collect(),
        })
    }

    /// The absolute path of the folder that dbt writes this project's artifacts to.
    ///
    /// `DBT_TARGET_PATH` takes precedence. A path with Jinja is ignored in favour of the default, because
    /// this tool only needs a folder to work in.
    #[must_use]
    pub fn target_path(&self) -> Utf8PathBuf {
        let from_environment =
            ["DBT_ENGINE_TARGET_PATH", "DBT_TARGET_PATH"].iter().find_map(|name| std::env::var(name).ok());
        let from_file = self.target_path.clone().filter(|path| !path.contains("{{"));
        self.directory.join(from_environment.or(from_file).as_deref().unwrap_or("target"))
    }

    /// The absolute paths of the folders that dbt parses. Paths with Jinja are left out, and so are the
    /// folders of descriptions and assets, which define no nodes.
    pub fn source_folders(&self) -> impl Iterator<Item = Utf8PathBuf> {
        self.source_paths.iter().filter(|path| !path.contains("{{")).map(|path| self.directory.join(path))
    }

    /// The absolute path of the folder that packages are installed in.
    #[must_use]
    pub fn packages_directory(&self) -> Utf8PathBuf {
        let folder = self.packages_path.as_deref().filter(|path| !path.contains("{{"));
        self.directory.join(folder.unwrap_or("dbt_packages"))
    }

    /// The folder of an installed package.
    #[must_use]
    pub fn package_directory(&self, package: &str) -> Utf8PathBuf {
        self.packages_directory().join(package)
    }

    /// The project of an installed package, or this project by its own name; none if there is no such
    /// package.
    ///
    /// # Errors
    /// Its `dbt_project.yml` cannot be read.
    pub fn package(&self, package: &str) -> Result<Option<Self>> {
        if package == self.name {
            return Ok(Some(self.clone()));
        }
        let folder = self.package_directory(package);
        folder.join(PROJECT_FILE).is_file().then(|| Self::read(folder)).transpose()
    }

    /// The version in an installed package's `dbt_project.yml`.
    #[must_use]
    pub fn package_version(&self, package: &str) -> Option<String> {
        match read_project_file(&self.package_directory(package)).ok()?.version? {
            Value::String(version) => Some(version),
            Value::Number(version) => Some(version.to_string()),
            _ => None,
        }
    }
}

fn read_project_file(folder: &Utf8Path) -> Result<ProjectFile> {
    let path = folder.join(PROJECT_FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(&text).with_context(|| format!("{path} is not a dbt project file"))
}

fn parse(text: &str) -> Result<ProjectFile> {
    // An empty file lacks a name like any other file without one, and that error is clearer.
    let mut file = yaml::parse(text)?;
    if file.is_null() {
        file = Mapping::new().into();
    }
    Ok(serde_yaml::from_value(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(text: &str) -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        fs::write(path.join(PROJECT_FILE), text).expect("written");
        (folder, path.canonicalize_utf8().expect("a folder"))
    }

    #[test]
    fn finds_the_project_from_a_folder_below() {
        let (_guard, path) = folder_with("name: shop\nprofile: p\ntarget-path: out\nvars: {a: 1}\n");
        fs::create_dir_all(path.join("models/deep")).expect("folders");
        let project = Project::find(None, &path.join("models/deep")).expect("the project");
        assert_eq!((project.name.as_str(), &project.directory), ("shop", &path));
        assert_eq!(project.target_path(), path.join("out"));
        assert_eq!(project.package_directory("u"), path.join("dbt_packages/u"));
        assert!(project.package("u").expect("readable").is_none());
    }

    #[test]
    fn reads_yaml_as_dbt_does() {
        let (_guard, path) = folder_with(
            "name: shop\nvars:\n  a: 1\n  a: 2\n  site: &site {limit: 30, b: 1}\n  media:\n    <<: *site\n    \
             b: 2\nname: store\n",
        );
        let project = Project::read(path).expect("the project");
        let expected: Mapping =
            serde_yaml::from_str("a: 2\nsite: {limit: 30, b: 1}\nmedia: {b: 2, limit: 30}\n").expect("YAML");
        assert_eq!((project.name.as_str(), project.vars), ("store", expected));
    }

    #[test]
    fn errors_name_a_missing_or_broken_project() {
        let (_guard, path) = folder_with("name: [");
        let broken = Project::find(Some(Utf8Path::new(".")), &path).expect_err("broken");
        assert!(format!("{broken:#}").contains("is not a dbt project file"), "{broken:#}");
        let missing = Project::find(Some(Utf8Path::new("nowhere")), &path).expect_err("missing");
        assert!(missing.to_string().contains("--project-dir"), "{missing}");
    }
}
