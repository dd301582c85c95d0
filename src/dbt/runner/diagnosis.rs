//! What dbt's words mean: which kind of failure, and what to do about it.

use camino::Utf8PathBuf;

use super::process::Exit;
use crate::dbt::artifacts::log::without_clock;
use crate::failure::{Complaint, Failure, FailureKind};

/// The failure of a call that printed `said`, with no more known about it.
#[must_use]
pub fn from_output(call: &str, exit: Exit, said: &str, log: Option<Utf8PathBuf>) -> Failure {
    let said: Vec<_> = said.trim().lines().map(without_clock).collect();
    let said = said.join("\n");
    let message = if said.is_empty() { "(it printed nothing)" } else { &said };
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

/// Whether a message is about reaching the warehouse rather than about the project.
///
/// dbt has no code for it: these are words of the drivers of the seven adapters.
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

/// Whether a message is about a profile or a target that is not there.
fn is_wrong_target(message: &str) -> bool {
    let words = ["does not have a target named", "could not find profile named"];
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// What to do about a failure, where its text tells.
#[must_use]
pub fn hint(kind: FailureKind, message: &str) -> Option<String> {
    let hints: &[(&str, &str)] = &[
        ("Could not set lock on file", "another process has the DuckDB file open; close it and call again"),
        (
            "No enabled models identified",
            "a Snowplow package found none of its tracked models among those of this run; \
             is its on-run-end hook called with the right package_name?",
        ),
        (
            "more than one row returned by a subquery",
            "an incremental manifest may hold a model twice; call again: the tool names the model, and what to do about it",
        ),
        (
            "Invalid value for '--profiles-dir'",
            "dbt looks for profiles.yml in the working directory and in ~/.dbt, not beside dbt_project.yml: \
             say with --profiles-dir where it is",
        ),
        (
            "Could not find profile named",
            "say with --profiles-dir where the profiles.yml is that has this profile",
        ),
        ("run \"dbt deps\"", "install the project's packages first: dbt deps"),
        (
            "snowplow__license_accepted",
            "accept the package's licence in dbt_project.yml: snowplow__license_accepted: true",
        ),
    ];
    let found = hints.iter().find(|(words, _)| message.to_lowercase().contains(&words.to_lowercase()));
    match (found, kind) {
        (Some((_, hint)), _) => Some((*hint).to_owned()),
        (None, FailureKind::Connection) => Some("check the target with `dbt debug`, then call again".into()),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_warehouse_that_is_down_from_a_project_that_is_wrong() {
        for (message, expected) in [
            (
                "connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
                FailureKind::Connection,
            ),
            ("IO Error: Could not set lock on file \"x.duckdb\"", FailureKind::Connection),
            ("Model 'a' depends on a node named 'b' which was not found", FailureKind::Project),
            ("Runtime Error\n  Could not find profile named 'nobody'", FailureKind::Target),
            (
                "Runtime Error\n  The profile 'a' does not have a target named 'b'. The valid target names for this",
                FailureKind::Target,
            ),
        ] {
            assert_eq!(from_output("dbt run", Exit::Code(2), message, None).kind, expected, "{message}");
        }
    }
}
