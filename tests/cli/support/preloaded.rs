//! Real dbt without the seconds that it takes to get ready: a process that is ready is kept, and forks for
//! each call.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::LazyLock;

use super::environment::{DBT_2, Dbt, NEW, OLD, PREVIOUS, support};
use super::lab::Lab;

/// A program to call instead of dbt's own.
struct Preloaded {
    program: PathBuf,
    // The process ends when its standard input does, which is with this process; it deletes the program's
    // folder.
    _process: Child,
}

static PRELOADED: [LazyLock<Preloaded>; 3] = [
    LazyLock::new(|| Preloaded::start(NEW)),
    LazyLock::new(|| Preloaded::start(PREVIOUS)),
    LazyLock::new(|| Preloaded::start(OLD)),
];

impl Dbt {
    /// This dbt as a program that starts at once.
    pub fn preloaded(self) -> PathBuf {
        // It starts at once.
        if self == DBT_2 {
            return self.program("dbt");
        }
        let place = [NEW, PREVIOUS, OLD].into_iter().position(|dbt| dbt == self);
        PRELOADED[place.expect("a version of dbt")].program.clone()
    }
}

impl Preloaded {
    fn start(dbt: Dbt) -> Self {
        let python = dbt.program("python");
        let folder = tempfile::tempdir().expect("a folder").keep();
        let lab = Lab::of_project("project", dbt).with_installed_dbt();
        let mut process = lab
            .command(&python)
            .arg(support("preloaded.py"))
            .args([&folder, &lab.project()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        if line != "ready\n" {
            // It has said why on stderr: tests take their time, then.
            return Self { program: dbt.program("dbt"), _process: process };
        }
        let program = folder.join("dbt");
        let code = fs::read_to_string(support("preloaded_client.py")).expect("the client");
        fs::write(&program, format!("#!{} -SE\n{code}", python.display())).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        Self { program, _process: process }
    }
}
