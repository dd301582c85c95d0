//! A client of a database, in a process of its own: it can be left waiting, and it can be killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use crate::support::{NEW, Place};

/// Longer than anything that is waited for here takes.
const PATIENCE: Duration = Duration::from_secs(120);

pub type Rows = Vec<Vec<Option<String>>>;

/// What became of statements.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reply {
    /// How many were executed.
    pub done: usize,
    /// Why the next one was not.
    pub error: Option<String>,
    /// Of the last one.
    pub rows: Rows,
}

/// A client, which connects when it is to execute something.
pub struct Client {
    process: Child,
    replies: Receiver<Reply>,
}

impl Client {
    pub fn new(place: &Place) -> Self {
        let (engine, address) = place.address();
        let mut process = Command::new(NEW.program("python"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/promotion/client.py"))
            .args([engine, &address])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        let (sender, replies) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines() {
                let reply = serde_json::from_str(&line.expect("a line")).expect("a reply");
                if sender.send(reply).is_err() {
                    break;
                }
            }
        });
        Self { process, replies }
    }

    /// Begins to execute statements.
    pub fn start(&mut self, statements: &[String]) {
        self.send(&serde_json::to_string(statements).expect("JSON"));
    }

    fn send(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("a pipe");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("sent");
    }

    /// What became of what was started.
    pub fn finish(&mut self) -> Reply {
        self.replies.recv_timeout(PATIENCE).expect("a reply")
    }

    /// The same, if it has ended.
    pub fn poll(&mut self) -> Option<Reply> {
        match self.replies.try_recv() {
            Ok(reply) => Some(reply),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("the client died"),
        }
    }

    pub fn execute(&mut self, statements: &[String]) -> Reply {
        self.start(statements);
        self.finish()
    }

    /// Executes statements that must not fail; the rows of the last one.
    #[track_caller]
    pub fn run(&mut self, statements: &[String]) -> Rows {
        let reply = self.execute(statements);
        if let Some(error) = reply.error {
            panic!("{error}\n{}", statements[reply.done]);
        }
        reply.rows
    }

    /// The rows of a query.
    #[track_caller]
    pub fn ask(&mut self, query: &str) -> Rows {
        self.run(&[query.to_owned()])
    }

    /// The one value of a query.
    #[track_caller]
    pub fn value(&mut self, query: &str) -> String {
        self.ask(query).remove(0).remove(0).unwrap_or_else(|| "null".to_owned())
    }

    /// Closes the connection without a word, as a program does that stops at an error; the next statement
    /// opens another.
    pub fn disconnect(&mut self) {
        self.send("null");
        self.finish();
    }

    /// The same, and others can have the DuckDB file.
    pub fn leave(&mut self) {
        self.send("\"leave\"");
        self.finish();
    }

    /// Executes statements in another process, and kills that once they are done. This client must not be
    /// connected.
    #[track_caller]
    pub fn run_killed(&mut self, statements: &[String]) -> Rows {
        self.send(&serde_json::json!({ "killed": statements }).to_string());
        let reply = self.finish();
        assert_eq!(reply.error, None, "{}", statements[reply.done.min(statements.len() - 1)]);
        reply.rows
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
