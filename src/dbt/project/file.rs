//! Reads `dbt_project.yml`: where the project's files are, and its vars.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_yaml::{Mapping, Value};

use super::dotenv::dotenv_names_here;
use super::environment::Warnings;
use super::expression::{Expression, evaluate};
use super::keys::Keys;
use super::model_config::{ModelKey, ModelSetting, model_keys, model_setting};
use super::yaml;
use crate::dbt::dialect::{Dialect, FIRST_WITH_VARS_FILE};

/// The file that makes a folder a dbt project.
pub const PROJECT_FILE: &str = "dbt_project.yml";

/// The file beside it that holds vars, for the root project alone.
pub const VARS_FILE: &str = "vars.yml";

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
    /// The `vars` of dbt_project.yml.
    pub vars: Mapping,
    /// The `vars` of vars.yml. Only the root project has them, and only newer versions of dbt read them.
    vars_file: Mapping,
    /// Why vars.yml cannot be read. With an older dbt, any file can have this name.
    vars_file_trouble: Option<String>,
    /// Its `flags`, as written.
    flags: Mapping,
    /// Its `dispatch`, as written.
    pub dispatch: Option<Value>,
    /// Its `models`, as written.
    models: Mapping,
    target_path: Option<String>,
    packages_path: Option<String>,
    source_paths: Vec<(&'static str, String)>,
}

/// The keys for the folders that dbt parses, with dbt's defaults.
const SOURCE_PATHS: [(&str, &str); 7] = [
    ("model-paths", "models"),
    ("macro-paths", "macros"),
    ("seed-paths", "seeds"),
    ("snapshot-paths", "snapshots"),
    ("test-paths", "tests"),
    ("analysis-paths", "analyses"),
    ("function-paths", "functions"),
];

/// dbt's default for `target-path`.
const TARGET: &str = "target";

impl Project {
    /// Finds the project as dbt does: in `given`, else in `directory` or the nearest folder above it.
    ///
    /// # Errors
    /// There is no project, or its `dbt_project.yml` cannot be read.
    pub fn find(given: Option<&Utf8Path>, directory: &Utf8Path) -> Result<Self> {
        let mut project = Self::read(Self::locate(given, directory)?)?;
        match read_vars_file(&project.directory) {
            Ok(vars) => project.vars_file = vars,
            Err(error) => project.vars_file_trouble = Some(format!("{error:#}")),
        }
        Ok(project)
    }

    /// The vars of a root project, as a version of dbt reads them, and the file that they are in.
    #[must_use]
    pub fn root_vars(&self, dbt_version: &str) -> (&'static str, &Mapping) {
        if reads_vars_file(dbt_version) && !self.vars_file.is_empty() {
            return (VARS_FILE, &self.vars_file);
        }
        (PROJECT_FILE, &self.vars)
    }

    /// What is wrong with the vars of a root project, for a version of dbt.
    #[must_use]
    pub fn trouble_with_vars(&self, dbt_version: &str) -> Option<String> {
        if reads_vars_file(dbt_version) && self.vars_file_trouble.is_some() {
            return self.vars_file_trouble.clone();
        }
        if self.vars_file.is_empty() {
            return None;
        }
        match self.root_vars(dbt_version) {
            (VARS_FILE, _) if self.vars.is_empty() => None,
            (VARS_FILE, _) => Some(format!(
                "both {PROJECT_FILE} and {VARS_FILE} set vars, which dbt {dbt_version} refuses: keep them in \
                 one of the two"
            )),
            _ => Some(format!(
                "dbt {dbt_version} does not read {VARS_FILE}, only dbt {FIRST_WITH_VARS_FILE} and newer do: its \
                 vars are not set"
            )),
        }
    }

    /// Whether one of its flags is true. Variables and the command line are not looked at.
    #[must_use]
    pub fn sets_flag(&self, name: &str) -> bool {
        self.flags.get(name).and_then(Value::as_bool) == Some(true)
    }

    /// What it sets for a key of the configuration of the model with this `fqn`, its parts joined by dots.
    #[must_use]
    pub fn model_setting(&self, fqn: &str, key: &str) -> Option<ModelSetting<'_>> {
        model_setting(&self.models, fqn, key)
    }

    /// Every key of a configuration that it sets for models.
    #[must_use]
    pub fn model_keys(&self) -> Vec<ModelKey<'_>> {
        model_keys(&self.models)
    }

    /// Whether its flags or `DO_NOT_TRACK` say that dbt sends nothing about its use.
    #[must_use]
    pub fn opts_out(&self) -> bool {
        let is_set = std::env::var("DO_NOT_TRACK")
            .is_ok_and(|value| ["1", "t", "true", "y", "yes"].contains(&value.to_lowercase().as_str()));
        is_set || self.flags.get("send_anonymous_usage_stats").and_then(Value::as_bool) == Some(false)
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
        let path = directory.join(PROJECT_FILE);
        Self::of_file(directory, file).with_context(|| not_a_project(&path))
    }

    fn of_file(directory: Utf8PathBuf, mut file: Keys) -> Result<Self> {
        let mut source_paths = Vec::new();
        for (key, default) in SOURCE_PATHS {
            let paths = file.paths(key)?.unwrap_or_else(|| vec![default.to_owned()]);
            source_paths.extend(paths.into_iter().map(|path| (key, path)));
        }
        Ok(Self {
            directory,
            name: file.text("name")?.context("it has no `name`")?,
            profile: file.take("profile"),
            quoting: file.take("quoting"),
            vars: file.mapping("vars")?.unwrap_or_default(),
            vars_file: Mapping::new(),
            vars_file_trouble: None,
            flags: file.mapping_if_it_is_one("flags"),
            dispatch: file.take("dispatch"),
            models: file.mapping_if_it_is_one("models"),
            target_path: file.text("target-path")?,
            packages_path: file.text("packages-install-path")?,
            source_paths,
        })
    }

    /// The absolute path of the folder that dbt writes this project's artifacts to. `DBT_TARGET_PATH` takes
    /// precedence.
    ///
    /// # Errors
    /// Only dbt can tell.
    pub fn target_path(&self) -> Result<Utf8PathBuf, Expression> {
        const KEY: &str = "target-path";
        let variables = ["DBT_ENGINE_TARGET_PATH", "DBT_TARGET_PATH"];
        // To dbt, an empty variable is absent.
        let set = |name: &&str| std::env::var(name).ok().filter(|path| !path.is_empty());
        if let Some(path) = variables.iter().find_map(set) {
            return Ok(self.directory.join(path));
        }
        let dotenv = dotenv_names_here();
        match variables.into_iter().find(|name| dotenv.contains(*name)) {
            Some(name) => Err(Expression::in_dotenv(KEY, name)),
            None => self.path(KEY, self.target_path.as_deref().unwrap_or(TARGET)),
        }
    }

    /// What the project makes of dbt's warnings.
    #[must_use]
    pub fn warnings(&self) -> Warnings {
        let are_errors = self.flags.get("warn_error").is_some_and(|value| !value.is_null());
        if are_errors { Warnings::Errors } else { Warnings::Usual }
    }

    /// A target path that can be used where any folder will do.
    #[must_use]
    pub fn usual_target_path(&self) -> Utf8PathBuf {
        self.directory.join(TARGET)
    }

    /// The absolute paths of the folders that dbt parses, as far as they are known. The folders of
    /// descriptions and assets are left out, because they define no nodes.
    pub fn source_folders(&self) -> impl Iterator<Item = Result<Utf8PathBuf, Expression>> {
        self.source_paths.iter().map(|(key, path)| self.path(key, path))
    }

    /// The absolute path of the folder that packages are installed in.
    ///
    /// # Errors
    /// Only dbt can tell.
    pub fn packages_directory(&self) -> Result<Utf8PathBuf, Expression> {
        self.path("packages-install-path", self.packages_path.as_deref().unwrap_or("dbt_packages"))
    }

    fn path(&self, key: &'static str, text: &str) -> Result<Utf8PathBuf, Expression> {
        Ok(self.directory.join(evaluate(key, text)?))
    }

    /// The folder of an installed package; none if only dbt can tell.
    #[must_use]
    pub fn package_directory(&self, package: &str) -> Option<Utf8PathBuf> {
        Some(self.packages_directory().ok()?.join(package))
    }

    /// The project of an installed package, or this project by its own name; none if there is no such
    /// package, or if [`Self::packages_directory`] is not known.
    ///
    /// # Errors
    /// Its `dbt_project.yml` cannot be read.
    pub fn package(&self, package: &str) -> Result<Option<Self>> {
        if package == self.name {
            return Ok(Some(self.clone()));
        }
        let Some(folder) = self.package_directory(package) else { return Ok(None) };
        folder.join(PROJECT_FILE).is_file().then(|| Self::read(folder)).transpose()
    }

    /// The version in an installed package's `dbt_project.yml`; none if it has none, or if
    /// [`Self::packages_directory`] is not known.
    #[must_use]
    pub fn package_version(&self, package: &str) -> Option<String> {
        match read_project_file(&self.package_directory(package)?).ok()?.take("version")? {
            Value::String(version) => Some(version),
            Value::Number(version) => Some(version.to_string()),
            _ => None,
        }
    }
}

fn reads_vars_file(dbt_version: &str) -> bool {
    Dialect::of_text(dbt_version).is_ok_and(Dialect::reads_vars_file)
}

fn read_project_file(folder: &Utf8Path) -> Result<Keys> {
    let path = folder.join(PROJECT_FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    Keys::of_text(&text).with_context(|| not_a_project(&path))
}

fn not_a_project(path: &Utf8Path) -> String {
    format!("{path} is not a dbt project file")
}

/// The vars of a project's vars.yml; empty if there is no such file.
fn read_vars_file(folder: &Utf8Path) -> Result<Mapping> {
    let path = folder.join(VARS_FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Mapping::new()),
        text => text.with_context(|| format!("cannot read {path}"))?,
    };
    let value = yaml::parse(&text).with_context(|| format!("{path} is not YAML"))?;
    match value.get("vars") {
        None | Some(Value::Null) => Ok(Mapping::new()),
        Some(Value::Mapping(vars)) => Ok(vars.clone()),
        Some(_) => bail!("`vars` in {path} is no mapping of names to values"),
    }
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
        assert_eq!(project.target_path(), Ok(path.join("out")));
        assert_eq!(project.package_directory("u"), Some(path.join("dbt_packages/u")));
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
    fn paths_that_only_dbt_can_evaluate_are_not_guessed() {
        let (_guard, path) = folder_with(
            "name: shop\nversion: 1.0.0\ntarget-path: \"{{ target.name }}\"\npackages-install-path: \"{{ \
             env_var('NO_SUCH_VARIABLE', 'deps') }}\"\nmodel-paths: [m, \"{{ var('x') }}\"]\nmacro-paths: \"{{ \
             var('y') }}\"\n",
        );
        let project = Project::read(path.clone()).expect("the project");
        let text = project.target_path().expect_err("an expression").to_string();
        assert!(text.starts_with("target-path in dbt_project.yml is `{{ target.name }}`"), "{text}");
        assert_eq!(project.package_directory("u"), Some(path.join("deps/u")));
        let unknown: Vec<_> =
            project.source_folders().filter_map(Result::err).map(|unknown| unknown.key).collect();
        assert_eq!(unknown, ["model-paths", "macro-paths"]);
        assert_eq!(project.source_folders().next(), Some(Ok(path.join("m"))));
    }

    #[test]
    fn newer_versions_of_dbt_read_vars_of_a_root_project_from_a_file_of_their_own() {
        let (_guard, path) = folder_with("name: shop\nvars: {a: 1}\n");
        let of = |version: &str| {
            let project = Project::find(None, &path).expect("the project");
            let (file, vars) = project.root_vars(version);
            (file, vars.clone(), project.trouble_with_vars(version))
        };
        let mapping = |text: &str| serde_yaml::from_str::<Mapping>(text).expect("YAML");
        assert_eq!(of("1.12.6"), (PROJECT_FILE, mapping("a: 1"), None));
        fs::write(path.join(VARS_FILE), "other: 1\n").expect("written");
        assert_eq!(of("1.12.6"), (PROJECT_FILE, mapping("a: 1"), None));
        fs::write(path.join(VARS_FILE), "vars: {a: 2}\n").expect("written");
        let (file, vars, trouble) = of("1.12.6");
        assert_eq!((file, vars), (VARS_FILE, mapping("a: 2")));
        assert!(trouble.expect("both").starts_with("both dbt_project.yml and vars.yml set vars"));
        let (file, vars, trouble) = of("1.11.16");
        assert_eq!((file, vars), (PROJECT_FILE, mapping("a: 1")));
        assert!(trouble.expect("not read").starts_with("dbt 1.11.16 does not read vars.yml"));
        fs::write(path.join(PROJECT_FILE), "name: shop\n").expect("written");
        assert_eq!(of("1.12.6"), (VARS_FILE, mapping("a: 2"), None));
        // dbt 1.12 refuses it. To an older dbt, it is any file.
        fs::write(path.join(VARS_FILE), "vars: [a]\n").expect("written");
        assert!(of("1.12.6").2.expect("no mapping").contains("no mapping of names to values"));
        assert_eq!(of("1.11.16").2, None);
    }

    #[test]
    fn warnings_can_be_silenced_unless_they_are_errors() {
        for (flags, expected) in [
            ("", Warnings::Usual),
            ("flags:\n", Warnings::Usual),
            ("flags: {fail_fast: true, warn_error: ~}\n", Warnings::Usual),
            ("flags: {warn_error_options: {silence: [NoNodesForSelectionCriteria]}}\n", Warnings::Usual),
            (
                "flags: {warn_error_options: {include: all, exclude: [NoNodesForSelectionCriteria]}}\n",
                Warnings::Usual,
            ),
            ("flags: {warn_error_options: {error: [], warn: all}}\n", Warnings::Usual),
            ("flags: {warn_error: true}\n", Warnings::Errors),
            // dbt takes no options besides it then, either.
            ("flags: {warn_error: false}\n", Warnings::Errors),
        ] {
            let (_guard, path) = folder_with(&format!("name: shop\n{flags}"));
            assert_eq!(Project::read(path).expect("the project").warnings(), expected, "{flags}");
        }
    }

    #[test]
    fn errors_name_the_key_and_what_is_expected() {
        for (text, expected) in [
            ("name: shop\nmodel-paths: 3\n", "`model-paths` is 3: it must be a list of folders"),
            ("name: shop\nseed-paths: [a, 1]\n", "`seed-paths` is [\"a\",1]: it must be a list of folders"),
            ("name: shop\nvars: [a]\n", "`vars` is [\"a\"]: it must be a mapping of names to values"),
            ("name: shop\ntarget-path: 1\n", "`target-path` is 1: it must be text"),
            ("name: [a]\n", "`name` is [\"a\"]: it must be text"),
            ("- a\n", "it must be a mapping of keys to values"),
            ("", "it has no `name`"),
        ] {
            let (_guard, path) = folder_with(text);
            let error = format!("{:#}", Project::read(path).expect_err(text));
            assert!(error.ends_with(&format!("is not a dbt project file: {expected}")), "{error}");
        }
        let (_guard, path) = folder_with("name: shop\nvars:\ntarget-path: ~\nmodel-paths:\n");
        assert!(Project::read(path).is_ok());
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
