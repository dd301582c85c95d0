//! A dbt project with a database of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::environment::{self, Dbt, NEW};
use super::events::Events;
use super::output::Output;
use super::postgres::SERVER;

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    DuckDb,
    Postgres,
}

/// Where a database is.
#[derive(Debug)]
pub enum Place {
    DuckDb { file: PathBuf, _folder: TempDir },
    Postgres { database: String },
}

impl Place {
    fn new(engine: Engine, copy_of: Option<&Self>) -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        match (engine, copy_of) {
            (Engine::DuckDb, copy_of) => {
                let folder = tempfile::tempdir().expect("a folder");
                let file = folder.path().join("storefront.duckdb");
                if let Some(Self::DuckDb { file: original, .. }) = copy_of {
                    fs::copy(original, &file).expect("a copy");
                }
                Self::DuckDb { file, _folder: folder }
            }
            (Engine::Postgres, copy_of) => {
                let database = format!("lab_{}", DATABASES.fetch_add(1, Ordering::SeqCst));
                let template = match copy_of {
                    Some(Self::Postgres { database }) => format!(" template {database}"),
                    _ => String::new(),
                };
                let maintenance = Self::Postgres { database: "postgres".into() };
                maintenance.sql(&[&format!("create database {database}{template}")]);
                Self::Postgres { database }
            }
        }
    }

    /// An empty database.
    pub fn empty(engine: Engine) -> Self {
        Self::new(engine, None)
    }

    /// Another database with the same content. Nobody may be connected to this one.
    pub fn copy(&self) -> Self {
        Self::new(self.engine(), Some(self))
    }

    pub fn engine(&self) -> Engine {
        match self {
            Self::DuckDb { .. } => Engine::DuckDb,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// The name of the database, as SQL knows it.
    pub fn database(&self) -> &str {
        match self {
            Self::DuckDb { .. } => "storefront",
            Self::Postgres { database } => database,
        }
    }

    /// What a client needs to find it: the engine, and a path or a connection string.
    pub fn address(&self) -> (&'static str, String) {
        match self {
            Self::DuckDb { file, .. } => ("duckdb", file.to_str().expect("UTF-8").to_owned()),
            Self::Postgres { database } => ("postgres", SERVER.dsn(database)),
        }
    }

    /// Executes statements one by one; the rows of the last one, as text.
    pub fn sql(&self, statements: &[&str]) -> Vec<Vec<Option<String>>> {
        let (engine, place) = self.address();
        let mut process = Command::new(NEW.program("python"))
            .arg(environment::support("sql.py"))
            .args([engine, &place])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let input = serde_json::to_vec(statements).expect("JSON");
        process.stdin.take().expect("a pipe").write_all(&input).expect("written");
        let output = Output::from(process.wait_with_output().expect("an end")).success();
        serde_json::from_str(&output.stdout).expect("rows")
    }
}

/// A copy of a fixture project, a database, and the environment that both dbt and the tool run in.
#[derive(Debug)]
pub struct Lab {
    folder: TempDir,
    place: Place,
    engine: Engine,
    dbt: Dbt,
    preloaded: bool,
    variables: BTreeMap<String, String>,
}

impl Lab {
    /// The shop's project with events.
    pub fn new(engine: Engine, dbt: Dbt, events: Events) -> Self {
        Self::build(engine, dbt, Place::new(engine, Some(events.database(engine))), "project")
    }

    /// The project of the load family's package, with events.
    pub fn signals(engine: Engine, dbt: Dbt, events: Events) -> Self {
        Self::build(engine, dbt, Place::new(engine, Some(events.database(engine))), "signals_project")
    }

    /// The shop's project with an empty database.
    pub fn empty(engine: Engine) -> Self {
        Self::empty_with(engine, NEW)
    }

    /// The same, with a version of dbt.
    pub fn empty_with(engine: Engine, dbt: Dbt) -> Self {
        Self::build(engine, dbt, Place::new(engine, None), "project")
    }

    /// A fixture project on a copy of a database.
    pub fn on(place: &Place, dbt: Dbt, project: &str) -> Self {
        Self::build(place.engine(), dbt, place.copy(), project)
    }

    /// Another fixture project, with an empty DuckDB file: for what does not look at tables.
    pub fn of_project(project: &str, dbt: Dbt) -> Self {
        Self::build(Engine::DuckDb, dbt, Place::new(Engine::DuckDb, None), project)
    }

    fn build(engine: Engine, dbt: Dbt, place: Place, project: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&environment::fixtures().join(project), &folder.path().join("project"));
        // What `dbt deps` does with local packages.
        let packages = folder.path().join("project/dbt_packages");
        fs::create_dir(&packages).expect("a folder");
        for package in packages_of(&folder.path().join("project/packages.yml")) {
            symlink(environment::fixtures().join("packages").join(&package), packages.join(&package))
                .expect("a link");
        }
        let mut variables = BTreeMap::from([("DO_NOT_TRACK".to_owned(), "1".to_owned())]);
        let address = match &place {
            Place::DuckDb { file, .. } => vec![("DUCKDB", file.to_str().expect("UTF-8").to_owned())],
            Place::Postgres { database } => vec![
                ("PG_HOST", SERVER.host.clone()),
                ("PG_PORT", SERVER.port.to_string()),
                ("PG_USER", "postgres".into()),
                ("PG_DBNAME", database.clone()),
            ],
        };
        for prefix in ["STOREFRONT", "SIGNALS_LAB"] {
            variables.extend(address.iter().map(|(name, value)| (format!("{prefix}_{name}"), value.clone())));
        }
        Self { folder, place, engine, dbt, preloaded: true, variables }
    }

    /// Installs another version of snowplow_utils, which differs in what it says of itself alone.
    pub fn with_utils(&self, version: &str) {
        let utils = self.project().join("dbt_packages/snowplow_utils");
        let standin = utils.canonicalize().expect("a package");
        fs::remove_file(&utils).expect("a link");
        copy(&standin, &utils);
        let file = utils.join("dbt_project.yml");
        let text =
            fs::read_to_string(&file).expect("a project").replace("\"1.0.0\"", &format!("\"{version}\""));
        fs::write(file, text).expect("written");
    }

    /// The same with dbt as users start it: for what depends on its process.
    pub fn with_installed_dbt(self) -> Self {
        Self { preloaded: false, ..self }
    }

    /// dbt's program.
    fn program(&self) -> PathBuf {
        if self.preloaded { self.dbt.preloaded() } else { self.dbt.program("dbt") }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn into_place(self) -> Place {
        self.place
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The name of a target on this lab's engine: `staging` or `prod`.
    pub fn target(&self, name: &str) -> String {
        match self.engine {
            Engine::DuckDb => name.to_owned(),
            Engine::Postgres => format!("pg_{name}"),
        }
    }

    /// Sets a variable for all calls to come.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("written");
    }

    /// Reads a file of the project.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).expect(path)
    }

    /// dbt itself, against the staging target.
    pub fn dbt(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(self.program());
        command.args(arguments);
        if !arguments.contains(&"--target") {
            command.args(["--target", &self.target("staging")]);
        }
        Output::of(&mut command)
    }

    /// The tool, against the staging target where the arguments name none.
    pub fn tool(&self, arguments: &[&str]) -> Output {
        self.redact(Output::of(&mut self.tool_command(arguments)))
    }

    /// The tool, to be started by the test.
    pub fn tool_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_snowplow-backfill"));
        let (own, extra) = match arguments.iter().position(|&word| word == "--") {
            Some(place) => arguments.split_at(place),
            None => (arguments, &[][..]),
        };
        command.args(own);
        if !own.contains(&"--target") && own.len() > 1 {
            command.args(["--target", &self.target("staging")]);
        }
        command.args(extra);
        command.env("SNOWPLOW_BACKFILL_DBT", self.program());
        command.envs(&self.variables);
        command
    }

    /// Another program in the project, to be started by the test.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let kept = ["PATH", "HOME", "LANG", "TMPDIR", "LLVM_PROFILE_FILE"];
        command.env_clear().envs(std::env::vars().filter(|(name, _)| kept.contains(&name.as_str())));
        command.envs(&self.variables).current_dir(self.project()).stdin(Stdio::null());
        command
    }

    /// Executes statements one by one; the rows of the last one, as text.
    pub fn sql(&self, statements: &[&str]) -> Vec<Vec<Option<String>>> {
        self.place.sql(statements)
    }

    /// Does something while another process has the DuckDB file open.
    pub fn while_open<T>(&self, action: impl FnOnce() -> T) -> T {
        let Place::DuckDb { file, .. } = &self.place else { panic!("a DuckDB file") };
        let code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); \
                    sys.stdin.read()";
        let mut process = Command::new(NEW.program("python"))
            .args(["-c", code])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let result = action();
        drop(process.stdin.take());
        process.wait().expect("an end");
        result
    }

    /// The rows of a query as lines, its columns separated by a bar.
    pub fn lines(&self, query: &str) -> String {
        let rows = self.sql(&[query]).into_iter().map(|row| {
            row.into_iter()
                .map(|value| value.unwrap_or_else(|| "null".into()))
                .collect::<Vec<_>>()
                .join(" | ")
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Replaces what differs from run to run and from machine to machine.
    pub fn redact(&self, mut output: Output) -> Output {
        for text in [&mut output.stdout, &mut output.stderr] {
            *text = self.redact_text(text);
        }
        output
    }

    fn redact_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for path in [self.project(), self.project().canonicalize().expect("a folder")] {
            text = text.replace(path.to_str().expect("UTF-8"), "[PROJECT]");
        }
        let dbt = self.program();
        text = text.replace(dbt.to_str().expect("UTF-8"), "[DBT]");
        let patterns = [
            (r"\d{8}T\d{6}Z-([a-z_-]*[a-z])(?:-\d+)?", "[STARTED]-$1"),
            (r"\b(?:\d+h )?(?:\d+m )?\d+(?:\.\d+)?s\b", "[TIME]"),
            (r"\d+ runs? of (\d+) days to now", "[RUNS] of $1 days to now"),
        ];
        for (pattern, replacement) in patterns {
            text =
                regex::Regex::new(pattern).expect("a pattern").replace_all(&text, replacement).into_owned();
        }
        text
    }
}

/// Copies a project, without what dbt makes in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if ["target", "logs", "dbt_packages", "package-lock.yml"].iter().any(|made| name == *made) {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}

/// The names of the local packages that a packages.yml lists.
fn packages_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("packages.yml");
    let local = text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("local: "));
    local.map(|path| path.rsplit('/').next().expect("a name").to_owned()).collect()
}
