//! A scripted dbt in a project of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::environment::{NEW, support};
use super::output::Output;

/// A folder with a dbt project, a scripted dbt, and its script.
pub struct FakeDbt {
    folder: TempDir,
}

impl FakeDbt {
    /// `script`: `{"<subcommand>": [reply, …]}`, as `fake_dbt.py` describes it.
    pub fn new(script: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let fake = Self { folder };
        let code = fs::read_to_string(support("fake_dbt.py")).expect("the fake dbt");
        let python = NEW.program("python");
        fs::write(fake.path("dbt"), format!("#!{} -SE\n{code}", python.display())).expect("written");
        fs::set_permissions(fake.path("dbt"), fs::Permissions::from_mode(0o755)).expect("executable");
        fs::write(fake.path("dbt_project.yml"), "name: faked\nprofile: faked\n").expect("written");
        fake.script(script);
        fake
    }

    /// Changes what dbt will do.
    pub fn script(&self, script: &Value) {
        fs::write(self.path("script.json"), script.to_string()).expect("written");
    }

    /// The same with other replies of some subcommands.
    pub fn with(self, changes: &Value) -> Self {
        self.change(changes);
        self
    }

    /// Changes the replies of some subcommands.
    pub fn change(&self, changes: &Value) {
        let text = fs::read_to_string(self.path("script.json")).expect("a script");
        let mut script: Value = serde_json::from_str(&text).expect("JSON");
        for (subcommand, replies) in changes.as_object().expect("subcommands") {
            script[subcommand] = replies.clone();
        }
        self.script(&script);
    }

    /// A path in the project.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The tool in this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_snowplow-backfill"));
        let kept = ["PATH", "HOME", "LANG", "TMPDIR", "LLVM_PROFILE_FILE"];
        command.env_clear().envs(std::env::vars().filter(|(name, _)| kept.contains(&name.as_str())));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("FAKE_DBT", self.path("script.json")).env("SNOWPLOW_BACKFILL_DBT", self.path("dbt"));
        command
    }

    /// Runs the tool to its end.
    pub fn tool(&self, arguments: &[&str]) -> Output {
        self.redact(Output::of(&mut self.command(arguments)))
    }

    /// Runs the tool on a terminal; what it writes there, on both streams, is its stdout.
    pub fn tool_on_terminal(&self, columns: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let tool = self.command(arguments);
        let mut command = Command::new(NEW.program("python"));
        command.arg(support("terminal.py")).arg(columns.to_string());
        command.arg(tool.get_program()).args(tool.get_args()).current_dir(self.folder.path());
        command.env_clear().env("TERM", "xterm-256color").envs(variables.iter().copied());
        command.envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.redact(Output::of(&mut command))
    }

    /// Replaces what differs from run to run.
    pub fn redact(&self, output: Output) -> Output {
        let folder = self.folder.path().canonicalize().expect("a folder");
        let redact = |text: String| {
            let text = text.replace(folder.to_str().expect("UTF-8"), "[PROJECT]");
            let text = text.replace(self.folder.path().to_str().expect("UTF-8"), "[PROJECT]");
            let started = regex::Regex::new(r"\d{8}T\d{6}Z-([a-z_-]*[a-z])(?:-\d+)?").expect("a pattern");
            let text = started.replace_all(&text, "[STARTED]-$1").into_owned();
            let time = regex::Regex::new(r"\b(?:\d+h )?(?:\d+m )?\d+(?:\.\d+)?s\b").expect("a pattern");
            time.replace_all(&text, "[TIME]").into_owned()
        };
        Output { stdout: redact(output.stdout), stderr: redact(output.stderr), ..output }
    }

    /// Waits until a hanging call of dbt handles signals; its process.
    pub fn wait_until_hanging(&self) -> u32 {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(pid) =
                fs::read_to_string(self.path("script.hanging")).ok().and_then(|text| text.parse().ok())
            {
                return pid;
            }
            assert!(Instant::now() < patience, "dbt was never called");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The arguments of every call so far.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.path("script.calls")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("arguments")).collect()
    }
}

/// A small dbt manifest: a package `shop` with its base models, and what is given besides.
pub fn manifest(version: &str, models: &[Value]) -> String {
    let mut nodes = serde_json::Map::new();
    let base = [
        model("shop_manifest", &[], "incremental"),
        model("shop_limits", &[], "table"),
        model("shop_events", &[], "table"),
    ];
    for node in base.iter().chain(models) {
        nodes.insert(node["unique_id"].as_str().expect("an id").to_owned(), node.clone());
    }
    let limits = &mut nodes["model.faked.shop_limits"];
    limits["depends_on"] =
        json!({"macros": ["macro.snowplow_utils.get_run_limits"], "nodes": ["model.faked.shop_manifest"]});
    nodes.insert(
        "operation.faked.hook".into(),
        json!({
            "unique_id": "operation.faked.hook", "resource_type": "operation", "name": "hook", "package_name": "faked",
            "tags": ["on-run-end"], "raw_code": "{{ snowplow_utils.snowplow_incremental_post_hook('shop') }}",
            "depends_on": {
                "macros": ["macro.snowplow_utils.snowplow_incremental_post_hook"],
                "nodes": ["model.faked.shop_manifest", "model.faked.shop_events"],
            },
        }),
    );
    json!({"metadata": {"dbt_version": version, "adapter_type": "duckdb"}, "nodes": nodes}).to_string()
}

/// A model of it.
pub fn model(name: &str, tags: &[&str], materialized: &str) -> Value {
    json!({
        "unique_id": format!("model.faked.{name}"), "resource_type": "model", "name": name, "package_name": "faked",
        "database": "db", "schema": "s", "alias": name, "relation_name": format!("\"db\".\"s\".\"{name}\""),
        "tags": tags, "config": {"materialized": materialized}, "original_file_path": format!("models/{name}.sql"),
    })
}

/// What `dbt ls` prints for these models.
pub fn listing(models: &[&str]) -> String {
    models.iter().map(|name| format!("{}\n", json!({"unique_id": format!("model.faked.{name}")}))).collect()
}

/// What the tool's query prints: the clock, then a package's rows and window.
pub fn tables(now: &str, rows: &[(&str, &str)], window: Option<(&str, &str)>) -> Value {
    let mut lines = vec![json!({"target": {"name": "dev", "type": "duckdb", "schema": "s"}})];
    lines.extend([json!({"query": 0, "row": [now]}), json!({"query": 0, "end": true})]);
    lines.extend(rows.iter().map(|(model, time)| json!({"query": 1, "row": [model, time]})));
    lines.push(json!({"query": 1, "end": true}));
    match window {
        Some((lower, upper)) => {
            lines.extend([json!({"query": 2, "row": [lower, upper]}), json!({"query": 2, "end": true})]);
        }
        None => lines.push(json!({"query": 2, "missing": 0})),
    }
    let text: String = lines.iter().map(|line| format!("snowplow-backfill:{line}\n")).collect();
    json!({"stdout": text})
}

/// What the tool's query for the next event prints: the first one after the frontier, and beyond the window.
pub fn next_event(time: &str) -> Value {
    let lines = [
        json!({"target": {"name": "dev", "type": "duckdb", "schema": "s"}}),
        json!({"query": 0, "row": [time]}),
        json!({"query": 0, "end": true}),
        json!({"query": 1, "row": [time]}),
        json!({"query": 1, "end": true}),
    ];
    let text: String = lines.iter().map(|line| format!("snowplow-backfill:{line}\n")).collect();
    json!({"stdout": text})
}

/// A `dbt run` in which these models succeeded.
pub fn good_run(models: &[&str]) -> Value {
    let results: Vec<_> = models
        .iter()
        .map(|name| json!({"unique_id": format!("model.faked.{name}"), "status": "success"}))
        .collect();
    let text = json!({"metadata": {"env": {"SNOWPLOW_BACKFILL": "@STAMP@"}}, "results": results}).to_string();
    json!({"files": {"run_results.json": text}})
}
