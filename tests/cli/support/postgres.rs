//! A Postgres server of the tests' own, in a temporary folder, as long as this process lives.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use serde::Deserialize;
use tempfile::TempDir;

use super::environment::{NEW, support};

/// A running server.
pub struct Server {
    pub host: String,
    pub port: u16,
    // The server stops when its standard input ends, which it does with this process.
    _process: Child,
    _folder: TempDir,
}

#[derive(Deserialize)]
struct Address {
    host: String,
    port: u16,
}

/// Started when it is first needed.
pub static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Command::new(NEW.program("python"))
        .args([support("postgres.py"), folder.path().join("data")])
        .env("PYTHONWARNINGS", "ignore")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("an address");
    let address: Address = serde_json::from_str(&line).expect("the server's address");
    Server { host: address.host, port: address.port, _process: process, _folder: folder }
});

impl Server {
    pub fn dsn(&self, database: &str) -> String {
        format!("host={} port={} user=postgres dbname={database}", self.host, self.port)
    }
}
