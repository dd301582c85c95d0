//! A Postgres server of the tests' own, in a temporary folder, as long as this process lives.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use serde::Deserialize;

use super::environment::{POSTGRES, support};

/// A running server.
pub struct Server {
    pub host: String,
    pub port: u16,
    // The server stops when its standard input ends, which it does with this process at the latest.
    process: Child,
}

#[derive(Deserialize)]
struct Address {
    host: String,
    port: u16,
}

/// Started when it is first needed.
pub static SERVER: LazyLock<Server> = LazyLock::new(|| {
    // Deleted with the data when the server stops.
    let folder = tempfile::tempdir().expect("a folder").keep();
    Server::start(&folder.join("data"), "delete")
});

impl Server {
    /// Starts one. `afterwards` says what becomes of its data: `delete`, or `stop` where it is to be started
    /// again.
    pub fn start(data: &Path, afterwards: &str) -> Self {
        let mut process = Command::new(POSTGRES.program("python"))
            .arg(support("postgres.py"))
            .args([data.as_os_str(), afterwards.as_ref()])
            .env("PYTHONWARNINGS", "ignore")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("an address");
        let address: Address = serde_json::from_str(&line).expect("the server's address");
        Self { host: address.host, port: address.port, process }
    }

    /// Stops it, and waits until it has.
    pub fn stop(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("an end");
    }

    pub fn dsn(&self, database: &str) -> String {
        format!("host={} port={} user=postgres dbname={database}", self.host, self.port)
    }
}
