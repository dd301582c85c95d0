//! Reads dbt's messages: the kind of a failure, and what to do about it.

use camino::Utf8PathBuf;

use super::process::Exit;
use crate::dbt::artifacts::log::without_clock;
use crate::failure::{Complaint, Failure, FailureKind};

/// The failure of a call of which only the exit and the output `said` are known.
#[must_use]
pub fn from_output(call: &str, exit: Exit, said: &str, log: Option<Utf8PathBuf>) -> Failure {
    let said: Vec<_> = said.trim().lines().map(without_clock).collect();
    let said = said.join("\n");
    let message = if said.is_empty() { "(dbt printed nothing)" } else { &said };
    let kind = match exit {
        _ if said.is_empty() => FailureKind::Silent,
        Exit::Signal(_) => FailureKind::Silent,
        Exit::Code(_) if is_connection_trouble(message) => FailureKind::Connection,
        Exit::Code(_) if is_wrong_target(message) => FailureKind::Target,
        Exit::Code(_) => FailureKind::Project,
    };
    Failure {
        call: call.to_owned(),
        kind,
        exit: exit.to_string(),
        complaints: vec![Complaint { node: None, message: message.to_owned() }],
        hint: hint(kind, message),
        log: log.filter(|log| log.is_file()),
    }
}

/// Whether a message says that the warehouse cannot be reached. Otherwise it is about the project.
///
/// dbt has no code for this, so these are the words of the adapters' drivers.
#[must_use]
pub fn is_connection_trouble(message: &str) -> bool {
    const WORDS: &[&str] = &[
        "could not connect",
        "connection refused",
        "connection to server",
        "connection reset",
        "connection timed out",
        "could not translate host name",
        "failed to connect",
        "server closed the connection",
        "ssl connection has been closed",
        "terminating connection due to",
        "could not set lock on file",
        "name or service not known",
        "temporary failure in name resolution",
        "max retries exceeded",
        "service unavailable",
        "too many connections",
        "remaining connection slots",
    ];
    let message = message.to_lowercase();
    WORDS.iter().any(|word| message.contains(word))
}

/// Whether a message says that a profile or a target does not exist.
fn is_wrong_target(message: &str) -> bool {
    let words = ["does not have a target named", "could not find profile named"];
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// Words of dbt or a driver, in any case, and what to do when a message has them.
const HINTS: &[(&str, &str)] = &[
    (
        "Could not set lock on file",
        "another process has the DuckDB file open: end that process, then run the same command again",
    ),
    (
        "No enabled models identified",
        "a Snowplow package found none of its tracked models in this run: \
         check the package_name that its on-run-end hook is given",
    ),
    (
        "more than one row returned by a subquery",
        "an incremental manifest may hold a model twice: run the same command again, \
         which then names the model and says what to do",
    ),
    (
        "Invalid value for '--profiles-dir'",
        "dbt looks for profiles.yml in the working directory and in ~/.dbt, not beside dbt_project.yml: \
         name its folder with --profiles-dir",
    ),
    (
        "Could not find profile named",
        "use --profiles-dir to name the folder of the profiles.yml that holds this profile",
    ),
    ("run \"dbt deps\"", "install the project's packages with `dbt deps`, then run the same command again"),
    (
        "snowplow__license_accepted",
        "accept the package's licence: set its var snowplow__license_accepted to true in dbt_project.yml",
    ),
];

/// What to do about a failure, as far as its text shows.
#[must_use]
pub fn hint(kind: FailureKind, message: &str) -> Option<String> {
    let found = HINTS.iter().find(|(words, _)| message.to_lowercase().contains(&words.to_lowercase()));
    match (found, kind) {
        (Some((_, hint)), _) => Some((*hint).to_owned()),
        (None, FailureKind::Connection) => {
            Some("check the target with `dbt debug`, then run the same command again".into())
        }
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_connection_target_and_project_apart() {
        for (message, expected) in [
            (
                "connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
                FailureKind::Connection,
            ),
            ("IO Error: Could not set lock on file \"x.duckdb\"", FailureKind::Connection),
            ("Model 'a' depends on a node named 'b' which was not found", FailureKind::Project),
            ("Runtime Error\n  Could not find profile named 'nobody'", FailureKind::Target),
            (
                "Runtime Error\n  The profile 'a' does not have a target named 'b'. The valid target names \
                 for this",
                FailureKind::Target,
            ),
        ] {
            assert_eq!(from_output("dbt run", Exit::Code(2), message, None).kind, expected, "{message}");
        }
    }
}
