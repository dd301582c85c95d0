//! A Python program of the tests that answers requests as long as this process lives.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A virtual environment that `cargo xtask` makes.
#[derive(Debug, Clone, Copy)]
pub enum Environment {
    /// The SQL validators.
    Sql,
    /// dbt with its databases.
    Dbt,
    /// dbt with adapters for other warehouses, and an imitation of Snowflake.
    Adapters,
}

impl Environment {
    fn python(self) -> PathBuf {
        let name = match self {
            Self::Sql => "sql",
            Self::Dbt => "dbt-1.11",
            Self::Adapters => "adapters",
        };
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder");
        let path = target.join("xtask").join(name).join("bin/python");
        assert!(path.exists(), "{} is missing: run the tests with `cargo xtask test`", path.display());
        path
    }
}

/// The program. It ends when its standard input does, which it does with this value or this process.
#[derive(Debug)]
pub struct Process {
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Process {
    /// Starts a program that lies beside this file.
    pub fn start<A: AsRef<OsStr>>(environment: Environment, program: &str, arguments: &[A]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql/support").join(program);
        let mut child = Command::new(environment.python())
            .arg(path)
            .args(arguments)
            .env("PYTHONWARNINGS", "ignore")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { requests, answers, child }
    }

    /// Asks, and waits for the answer.
    pub fn ask<Q: Serialize, A: DeserializeOwned>(&mut self, request: &Q) -> A {
        let request = serde_json::to_string(request).expect("a request");
        writeln!(self.requests.as_mut().expect("a pipe"), "{request}").expect("a living program");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("a living program");
        serde_json::from_str(&answer)
            .unwrap_or_else(|error| panic!("{error} in the answer {answer:?} to {request}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.requests.take());
        // What it made is removed next.
        let _ = self.child.wait();
    }
}
