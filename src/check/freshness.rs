//! Whether a dbt manifest is older than the files that dbt read for it.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use chrono::DateTime;

use crate::dbt::{Expression, Manifest, Project};

/// The files in the project's folder that decide what dbt parses.
const BESIDE: [&str; 6] =
    ["dbt_project.yml", "dependencies.yml", "package-lock.yml", "packages.yml", "selectors.yml", "vars.yml"];

/// The extensions of the files that dbt reads.
const ENDINGS: [&str; 5] = ["csv", "py", "sql", "yaml", "yml"];

/// What has changed since a dbt manifest was made. Paths below the project's folder are relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are newer, the newest first.
    pub newer: Vec<Utf8PathBuf>,
    /// Files of the project's own models that no longer exist.
    pub gone: Vec<Utf8PathBuf>,
    /// Folders that only dbt knows: what has changed there is not known.
    pub unknown: Vec<Expression>,
}

/// The files of a project and its installed packages that dbt reads, with the time of their last change.
#[derive(Debug, Default)]
pub struct Files {
    found: Vec<(SystemTime, Utf8PathBuf)>,
    /// Folders behind links: a link to a folder above it must not be followed forever.
    linked: HashSet<PathBuf>,
    unknown: Vec<Expression>,
}

impl Files {
    /// Finds the files, except those that cannot be read. It needs no dbt manifest, so both can be read at
    /// the same time.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let mut files = Self::default();
        files.look_at_project(project);
        let packages = match project.packages_directory() {
            Ok(folder) => folder,
            Err(unknown) => {
                files.unknown.push(unknown);
                return files;
            }
        };
        for folder in packages.read_dir_utf8().into_iter().flatten().flatten() {
            let Ok(package) = Project::read(folder.path().to_owned()) else { continue };
            // `dbt deps` keeps the times of a package's files, but not the time of its folder or of the link
            // to it.
            files.keep(folder.path().as_std_path(), fs::symlink_metadata(folder.path()));
            files.look_at_project(&package);
        }
        files
    }

    /// What has changed since the dbt manifest at `path` was made.
    ///
    /// Its age is that of its file or the one that it states, whichever is older. A copy has a newer file,
    /// and at the end of a run dbt writes the manifest again as it was at the beginning.
    ///
    /// # Errors
    /// The age of the manifest cannot be read.
    pub fn changes_since(&self, path: &Utf8Path, manifest: &Manifest, project: &Project) -> Result<Changes> {
        let written = fs::metadata(path).and_then(|data| data.modified());
        let written = written.with_context(|| format!("cannot look at {path}"))?;
        let made = made(manifest).map_or(written, |made| made.min(written));
        let mut newer: Vec<_> = self.found.iter().filter(|(changed, _)| *changed > made).collect();
        newer.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        let relative = |file: &Utf8Path| file.strip_prefix(&project.directory).unwrap_or(file).to_owned();
        Ok(Changes {
            newer: newer.into_iter().map(|(_, file)| relative(file)).collect(),
            gone: self.gone(manifest, project),
            unknown: self.unknown.clone(),
        })
    }

    fn gone(&self, manifest: &Manifest, project: &Project) -> Vec<Utf8PathBuf> {
        let found: HashSet<&Utf8Path> = self.found.iter().map(|(_, file)| file.as_path()).collect();
        let is_there = |file: &Utf8Path| found.contains(file) || file.exists();
        let own = manifest.models().filter(|node| node.package_name == project.name);
        let mut gone: Vec<_> = own
            .filter(|node| !node.path.is_empty())
            .map(|node| Utf8PathBuf::from(&node.path))
            .filter(|path| !is_there(&project.directory.join(path)))
            .collect();
        gone.sort();
        gone.dedup();
        gone
    }
}

/// When dbt made a manifest, according to the manifest.
fn made(manifest: &Manifest) -> Option<SystemTime> {
    let made = manifest.metadata.generated_at.as_deref()?;
    DateTime::parse_from_rfc3339(made).ok().map(SystemTime::from)
}

impl Files {
    fn look_at_project(&mut self, project: &Project) {
        for name in BESIDE {
            self.look_at(project.directory.join(name).as_std_path());
        }
        for folder in project.source_folders() {
            match folder {
                Ok(folder) => self.look_into(folder.as_std_path()),
                Err(unknown) => self.unknown.push(unknown),
            }
        }
    }

    fn look_into(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            let is_folder = kind.is_dir() || kind.is_symlink() && self.is_new_folder(&path);
            if is_folder {
                self.look_into(&path);
            } else if is_read_by_dbt(&path) {
                self.look_at(&path);
            }
        }
    }

    /// Whether a link leads to a folder that no other link has led to.
    fn is_new_folder(&mut self, link: &Path) -> bool {
        link.is_dir() && link.canonicalize().is_ok_and(|folder| self.linked.insert(folder))
    }

    fn look_at(&mut self, file: &Path) {
        self.keep(file, fs::metadata(file));
    }

    fn keep(&mut self, file: &Path, metadata: io::Result<Metadata>) {
        if let (Some(name), Ok(changed)) =
            (Utf8Path::from_path(file), metadata.and_then(|data| data.modified()))
        {
            self.found.push((changed, name.to_owned()));
        }
    }
}

/// As dbt decides it. Files that begin with one of these characters belong to editors.
fn is_read_by_dbt(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    let ending = file.extension().and_then(|ending| ending.to_str());
    name.is_some_and(|name| !name.starts_with(['.', '#', '~']))
        && ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::dbt::ReadFor;

    /// A project whose dbt manifest was written ten seconds after its files.
    struct DatedProject {
        folder: tempfile::TempDir,
        now: SystemTime,
    }

    impl DatedProject {
        fn new() -> Self {
            let lab = Self { folder: tempfile::tempdir().expect("a folder"), now: SystemTime::now() };
            lab.write("target/manifest.json", 10);
            lab.write("dbt_project.yml", 0);
            lab
        }

        fn root(&self) -> Utf8PathBuf {
            let root = Utf8Path::from_path(self.folder.path()).expect("UTF-8");
            root.canonicalize_utf8().expect("a folder")
        }

        fn write(&self, path: &str, seconds: u64) {
            let path = self.root().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(&path, "name: p\nmacro-paths: [jinja, '{{ x }}']\n").expect("written");
            self.age(path.as_std_path(), seconds);
        }

        fn age(&self, path: &Path, seconds: u64) {
            let file = fs::File::open(path).expect("a file");
            file.set_modified(self.now + Duration::from_secs(seconds)).expect("its time");
        }

        fn changes(&self, generated_at: Option<&str>, models: &[&str]) -> Changes {
            let schema = "https://schemas.getdbt.com/dbt/manifest/v12.json";
            let mut metadata = json!({"dbt_schema_version": schema, "dbt_version": "1.11.16"});
            metadata["generated_at"] = generated_at.into();
            let model = |(number, path): (usize, &&str)| {
                let package = if path.starts_with("other/") { "q" } else { "p" };
                let model = json!({"resource_type": "model", "name": "m", "package_name": package, "original_file_path": path});
                (format!("model.{package}.m{number}"), model)
            };
            let nodes: serde_json::Map<_, _> = models.iter().enumerate().map(model).collect();
            let manifest = Manifest::of_text(
                &json!({"metadata": metadata, "nodes": nodes}).to_string(),
                ReadFor::Checks,
            );
            let project = Project::read(self.root()).expect("a project");
            let path = self.root().join("target/manifest.json");
            Files::of(&project)
                .changes_since(&path, &manifest.expect("a manifest"), &project)
                .expect("changes")
        }

        fn newer(&self) -> Vec<Utf8PathBuf> {
            self.changes(None, &[]).newer
        }
    }

    #[test]
    fn names_the_files_that_are_newer() {
        let lab = DatedProject::new();
        for (path, seconds) in [
            ("models/old.sql", 5),
            ("models/same.sql", 10),
            ("models/deep/new.sql", 20),
            ("models/readme.md", 30),
            ("jinja/newest.sql", 40),
            ("elsewhere/new.sql", 50),
            ("packages.yml", 15),
            ("vars.yml", 11),
            // Any of dbt's folders can hold properties of models.
            ("tests/properties.yml", 14),
            ("analyses/properties.yml", 13),
            ("functions/f.sql", 12),
        ] {
            lab.write(path, seconds);
        }
        let expected = [
            "jinja/newest.sql",
            "models/deep/new.sql",
            "packages.yml",
            "tests/properties.yml",
            "analyses/properties.yml",
            "functions/f.sql",
            "vars.yml",
        ];
        assert_eq!(lab.newer(), expected);
    }

    #[test]
    fn tells_of_folders_that_only_dbt_knows() {
        let lab = DatedProject::new();
        lab.write("models/a.sql", 0);
        let unknown = lab.changes(None, &[]).unknown;
        let keys: Vec<_> = unknown.iter().map(|unknown| unknown.key).collect();
        assert_eq!(keys, ["macro-paths"]);
    }

    #[test]
    fn a_manifest_is_as_old_as_it_says_itself() {
        let lab = DatedProject::new();
        lab.write("models/a.sql", 0);
        let newer = |generated_at: &str| lab.changes(Some(generated_at), &[]).newer.len();
        assert_eq!(newer("2024-01-01T00:00:00.123456Z"), 2);
        // It is not newer than its file, and has an age even if it states none that can be read.
        assert_eq!((newer("2999-01-01T00:00:00Z"), newer("yesterday")), (0, 0));
        lab.write("models/b.sql", 20);
        assert_eq!((newer("2999-01-01T00:00:00Z"), newer("yesterday")), (1, 1));
    }

    #[test]
    fn installed_packages_count_too() {
        let lab = DatedProject::new();
        lab.write("dbt_packages/shop/dbt_project.yml", 0);
        lab.write("dbt_packages/shop/models/a.sql", 20);
        lab.age(lab.root().join("dbt_packages/shop").as_std_path(), 0);
        assert_eq!(lab.newer(), ["dbt_packages/shop/models/a.sql"]);
        lab.write("dbt_packages/shop/models/a.sql", 0);
        lab.write("package-lock.yml", 20);
        lab.age(lab.root().join("dbt_packages/shop").as_std_path(), 30);
        assert_eq!(lab.newer(), ["dbt_packages/shop", "package-lock.yml"]);
    }

    #[test]
    fn names_the_models_whose_files_are_gone() {
        let lab = DatedProject::new();
        lab.write("models/a.sql", 0);
        let changes = lab.changes(None, &["models/a.sql", "models/gone.sql", "other/models/b.sql"]);
        assert_eq!((changes.newer, changes.gone), (vec![], vec!["models/gone.sql".into()]));
    }

    #[test]
    fn leaves_out_files_that_cannot_be_read() {
        let lab = DatedProject::new();
        lab.write("models/new.sql", 20);
        lab.write("models/.hidden.sql", 20);
        lab.write("models/#auto-saved#.sql", 20);
        let models = lab.root().join("models");
        symlink("nobody@nowhere.1:2", models.join(".#new.sql")).expect("a link");
        symlink("nowhere.sql", models.join("dangling.sql")).expect("a link");
        symlink("..", models.join("above")).expect("a link");
        fs::write(models.as_std_path().join(OsStr::from_bytes(b"caf\xe9.sql")), "select 1").expect("written");
        let newer = lab.newer();
        assert_eq!(newer.iter().filter(|path| path.as_str() == "models/new.sql").count(), 1, "{newer:?}");
        assert!(newer.iter().all(|path| path.as_str().ends_with("models/new.sql")), "{newer:?}");
    }
}
