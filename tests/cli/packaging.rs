//! Installed by pip beside dbt, and as a hook by pre-commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Engine, Environment, Events, Lab, NEW, Output, PACKAGING, Wheel, building, path_with};

/// What `run` is asked for in these tests.
const RUN: [&str; 7] =
    ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "9999"];

#[test]
fn pip_installs_it_beside_dbt() {
    let wheel = Wheel::build();
    let name = wheel.file().file_name().expect("a name").to_string_lossy().into_owned();
    assert!(
        name.starts_with(&format!("snowplow_backfill-{}-py3-none-", env!("CARGO_PKG_VERSION"))),
        "{name}"
    );
    let environment = Environment::with_tool(&wheel);
    let tool = environment.program("snowplow-backfill");

    let version = Output::from(Command::new(&tool).arg("--version").output().expect("the tool")).success();
    assert_eq!(version.stdout, format!("snowplow-backfill {}\n", env!("CARGO_PKG_VERSION")));

    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let tool = |path: &str, arguments: &[&str]| {
        let mut command = lab.command(&tool);
        Output::from(command.args(arguments).env("PATH", path).output().expect("the tool")).success()
    };
    // In an environment that is activated, dbt is found on the PATH.
    let output = tool(&environment.path(), &RUN);
    assert!(output.stderr.contains("up to date: snowplow_site at 2022-02-28"), "{output}");
    let output = tool(&environment.path(), &["check", "--parse"]);
    assert!(output.stdout.contains("no findings"), "{output}");
    // In one that is not, it is found beside the tool.
    let versions = tool("/usr/bin:/bin", &["--version", "--verbose"]).stdout;
    let dbt = environment.program("dbt").canonicalize().expect("dbt");
    assert!(versions.contains(&format!("started as `{}`", dbt.display())), "{versions}");
}

#[test]
fn cargo_installs_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cargo = Command::new("cargo");
    cargo.args(["install", "--locked", "--offline", "--quiet", "--debug", "--path", ".", "--root"]);
    building(cargo.arg(folder.path()).current_dir(env!("CARGO_MANIFEST_DIR"))).success();
    let version = Command::new(folder.path().join("bin/snowplow-backfill")).arg("--version").output();
    let version = Output::from(version.expect("the tool")).success();
    assert_eq!(version.stdout, format!("snowplow-backfill {}\n", env!("CARGO_PKG_VERSION")));
}

/// A repository with everything that is in the folder, as one commit.
struct Repository<'a>(&'a Path);

impl Repository<'_> {
    fn new(folder: &Path) -> Repository<'_> {
        let repository = Repository(folder);
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.git(&["add", "--all"]);
        repository.git(&["commit", "--quiet", "--message", "all"]);
        repository
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git").args(arguments).output().expect("git");
        Output::from(output).success().stdout.trim().to_owned()
    }

    /// A command in the repository that sees no settings of whoever runs the tests.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, value) in [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "nobody"),
            ("GIT_AUTHOR_EMAIL", "nobody@example.com"),
            ("GIT_COMMITTER_NAME", "nobody"),
            ("GIT_COMMITTER_EMAIL", "nobody@example.com"),
        ] {
            command.env(name, value);
        }
        command.current_dir(self.0);
        command
    }
}

#[test]
fn pre_commit_installs_and_runs_the_hooks() {
    // The tool as pre-commit gets it: a repository, at a revision.
    let folder = tempfile::tempdir().expect("a folder");
    let source = source_distribution(folder.path());
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    fs::copy(hooks, source.join(".pre-commit-hooks.yaml")).expect("copied");
    let revision = Repository::new(&source).git(&["rev-parse", "HEAD"]);

    // A dbt project that uses it.
    let lab = Lab::empty(Engine::DuckDb);
    let hook = |id: &str| {
        format!("repos:\n  - repo: {}\n    rev: {revision}\n    hooks: [{{id: {id}}}]\n", source.display())
    };
    lab.write(".gitignore", "dbt_packages\ntarget\nlogs\n");
    lab.write("README.txt", "no model\n");
    lab.write(".pre-commit-config.yaml", &hook("snowplow-backfill-check-parse"));
    let project = lab.project();
    let repository = Repository::new(&project);
    let pre_commit = |files: &[&str]| {
        let mut command = repository.command(PACKAGING.program("pre-commit"));
        command.arg("run").args(files);
        command.env("PRE_COMMIT_HOME", folder.path().join("home"));
        command
            .env("PATH", path_with(NEW.program("dbt").parent().expect("a folder")))
            .env("DO_NOT_TRACK", "1");
        building(&mut command)
    };

    // After a parse of its own.
    let output = pre_commit(&["--all-files"]).success();
    assert!(
        output.stdout.contains("snowplow-backfill check --parse") && output.stdout.contains("Passed"),
        "{output}"
    );
    // On what dbt left; and where nothing of a dbt project changed, not at all.
    lab.write(".pre-commit-config.yaml", &hook("snowplow-backfill-check"));
    let output = pre_commit(&["--all-files"]);
    assert!(output.code == 1 && output.stdout.contains("there is no dbt manifest"), "{output}");
    lab.dbt(&["parse"]).success();
    let output = pre_commit(&["--all-files"]).success();
    assert!(output.stdout.contains("Passed"), "{output}");
    let output = pre_commit(&["--files", "README.txt"]).success();
    assert!(output.stdout.contains("Skipped"), "{output}");

    // A dbt manifest from before the change passes, but not without a word.
    lab.write("models/site/new.sql", "{{ config(tags=['daily']) }} select 1 as page_view_id");
    repository.git(&["add", "--all"]);
    let output = pre_commit(&[]).success();
    assert!(
        output.stdout.contains("Passed") && output.stdout.contains("is older than models/site/new.sql"),
        "{output}"
    );

    // A finding fails the hook.
    lab.write("models/site/eph.sql", "{{ config(materialized='ephemeral') }} select 1 as page_view_id");
    lab.write(".pre-commit-config.yaml", &hook("snowplow-backfill-check-parse"));
    repository.git(&["add", "--all"]);
    let output = pre_commit(&["--all-files"]);
    assert!(output.code == 1 && output.stdout.contains("eph"), "{output}");
}

#[test]
fn the_source_distribution_holds_what_is_built_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = source_distribution(folder.path());
    let files = files_below(&source);
    for file in
        ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "pyproject.toml", "src/build.rs", "src/main.rs"]
    {
        assert!(files.contains(&file.to_owned()), "{file}: {files:#?}");
    }
    let others: Vec<_> =
        files.iter().filter(|file| !file.starts_with("src/") && file.contains('/')).collect();
    assert_eq!(others, Vec::<&String>::new());
    let metadata = fs::read_to_string(source.join("PKG-INFO")).expect("metadata");
    for line in [
        format!("Version: {}", env!("CARGO_PKG_VERSION")),
        format!("Summary: {}", env!("CARGO_PKG_DESCRIPTION")),
        "License: Apache-2.0".to_owned(),
    ] {
        assert!(metadata.lines().any(|found| found == line), "{line}: {metadata}");
    }
}

/// Makes the source distribution and unpacks it; its folder.
fn source_distribution(folder: &Path) -> PathBuf {
    let mut maturin = Command::new(PACKAGING.program("maturin"));
    maturin.args(["sdist", "--out"]).arg(folder).current_dir(env!("CARGO_MANIFEST_DIR"));
    Output::from(maturin.output().expect("maturin")).success();
    let code = "import sys, tarfile, pathlib\nfolder = pathlib.Path(sys.argv[1])\n\
                tarfile.open(next(folder.glob('*.tar.gz'))).extractall(folder)";
    let mut python = Command::new(PACKAGING.program("python"));
    Output::from(python.args(["-c", code]).arg(folder).output().expect("python")).success();
    folder.join(format!("snowplow_backfill-{}", env!("CARGO_PKG_VERSION")))
}

/// The files below a folder, by their paths from it.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(folder).expect("below").to_str().expect("UTF-8").to_owned());
            }
        }
    }
    files
}
