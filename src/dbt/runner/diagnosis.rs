//! Reads dbt's messages: the kind of a failure, and what to do about it.

use camino::Utf8PathBuf;

use super::paragraphs::only_errors;
use super::process::Exit;
use super::traceback::without_tracebacks;
use crate::dbt::artifacts::log::without_clock;
use crate::failure::{Complaint, Failure, FailureKind};

/// The failure of a call of which only the exit and the output `said` are known. `usual` is its kind if the
/// output does not tell another one.
#[must_use]
pub fn from_output(
    call: &str,
    exit: Exit,
    said: &str,
    usual: FailureKind,
    log: Option<Utf8PathBuf>,
) -> Failure {
    let said: Vec<_> = said.trim().lines().map(without_clock).collect();
    let said = without_tracebacks(&only_errors(&said));
    let message = if said.is_empty() { "(dbt printed nothing)" } else { &said };
    let kind = match exit {
        _ if said.is_empty() => FailureKind::Silent,
        Exit::Signal(_) => FailureKind::Silent,
        Exit::Code(_) => kind_by_words(message).unwrap_or(usual),
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

/// Whether a message says that the warehouse cannot be reached.
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
        "ssl syscall error",
        "could not receive data from server",
        "connection already closed",
        "connection aborted",
        "remote end closed connection",
        "terminating connection due to",
        "could not set lock on file",
        "name or service not known",
        "temporary failure in name resolution",
        "max retries exceeded",
        "service unavailable",
        "too many connections",
        "remaining connection slots",
    ];
    has_one_of(message, WORDS)
}

/// The kind of a failure, if its words tell one.
fn kind_by_words(message: &str) -> Option<FailureKind> {
    if is_connection_trouble(message) {
        return Some(FailureKind::Connection);
    }
    usage_by_words(message).or_else(|| has_one_of(message, FILES).then_some(FailureKind::Files))
}

/// The kind of a mistake in how dbt is called or set up, if a message tells one.
#[must_use]
pub fn usage_by_words(message: &str) -> Option<FailureKind> {
    // dbt reads its arguments with click, which shows the usage before the error.
    if message.contains("Usage: ") && message.contains("Error: ") {
        return Some(FailureKind::Arguments);
    }
    // dbt 2 reads them with clap.
    if message.starts_with("error: ") && message.contains("For more information, try '") {
        return Some(FailureKind::Arguments);
    }
    [(TARGET, FailureKind::Target), (SELECTION, FailureKind::Selection), (SETUP, FailureKind::Setup)]
        .into_iter()
        .find_map(|(words, kind)| has_one_of(message, words).then_some(kind))
}

const TARGET: &[&str] = &[
    "does not have a target named",
    "could not find profile named",
    "credentials in profile",
    "no profile was specified",
    "trying to read your profiles.yml",
    "' not found in profile",
    "no profiles.yml found",
];

const SELECTION: &[&str] = &[
    "could not find selector named",
    "unknown selector `",
    "is not a valid method name",
    "invalid selector spec",
    "invalid node spec",
    "invalid resource_type selector",
    "invalid test type selector",
    "invalid version type selector",
    // With `warn_error`, for what is a warning otherwise.
    "the selection criterion '",
    "got a state selector method, but no comparison manifest",
    "no previous state comparison",
    "no current state comparison",
    "no comparison run_results",
    "could not find manifest in",
];

const SETUP: &[&str] = &[
    "env var required but not provided",
    "variables cannot be defined in both",
    "run \"dbt deps\"",
    "could not find adapter type",
    "this version of dbt is not supported with",
    EXPERIMENTAL,
    LICENCE,
];

/// The words of the operating system.
const FILES: &[&str] = &[
    "no space left on device",
    "disk quota exceeded",
    "[errno 13] permission denied",
    "read-only file system",
    "too many open files",
];

/// The variable with which dbt 2 accepts adapters that are not finished.
const EXPERIMENTAL: &str = "dbt_allow_experimental_adapters";

/// The packages' var. They name it when they refuse to run.
const LICENCE: &str = "snowplow__license_accepted";

fn has_one_of(message: &str, words: &[&str]) -> bool {
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
        EXPERIMENTAL,
        "dbt 2 counts this adapter as experimental: set the variable DBT_ALLOW_EXPERIMENTAL_ADAPTERS=true, or use \
         dbt-core 1",
    ),
    (
        "Ignored unexpected key",
        "dbt 2 refuses keys of a configuration that it does not know: take them out, or move them below `meta`, where \
         newer versions of snowplow_utils read theirs",
    ),
    (
        "Found duplicate model",
        "dbt 2 takes keys without `+` in dbt_project.yml for folders, and so enables models that a package means to \
         disable: use a newer version of that package, or dbt-core 1",
    ),
    (
        "Driver installation error",
        "dbt 2 loads a driver for each warehouse from dbt Labs once: give it access to the network, or put the driver \
         into its cache folder",
    ),
    ("panicked at", "dbt itself broke: report it to dbt Labs with the log, or try another version of dbt"),
    (
        LICENCE,
        "accept the package's licence: set its var snowplow__license_accepted to true in dbt_project.yml",
    ),
    (
        "Got a state selector method",
        "use --state to name the directory that holds the manifest.json to compare with",
    ),
    (
        "No comparison run_results",
        "use --state to name the directory that holds the run_results.json of the earlier run",
    ),
    (
        "state comparison freshness",
        "source_status: cannot be used here, because dbt looks for sources.json in the target path of each call",
    ),
    ("Could not find manifest in", "name the directory of a manifest.json with --state or --defer-state"),
    ("Env var required but not provided", "set this environment variable, then run the same command again"),
    ("No space left on device", "make room on the disk, then run the same command again"),
    ("Disk quota exceeded", "make room on the disk, then run the same command again"),
    (
        "[Errno 13] Permission denied",
        "let dbt write this file, or use another place for it, then run the same command again",
    ),
    ("Read-only file system", "let dbt write to a file system that is not read-only"),
];

/// What to do about a failure, as far as its text shows.
#[must_use]
pub fn hint(kind: FailureKind, message: &str) -> Option<String> {
    let found = HINTS.iter().find(|(words, _)| message.to_lowercase().contains(&words.to_lowercase()));
    match (found, kind) {
        (Some((_, hint)), _) => Some((*hint).to_owned()),
        // The connection can also go away while a model is built.
        (None, _) if kind == FailureKind::Connection || is_connection_trouble(message) => {
            Some("check the target with `dbt debug`, then run the same command again".into())
        }
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_goes_away_within_a_model_has_the_hint_of_connections() {
        for message in [
            "Database Error in model a (models/a.sql)\n  terminating connection due to administrator command\n  \
             SSL connection has been closed unexpectedly",
            "Database Error\n  server closed the connection unexpectedly",
            "Database Error\n  SSL SYSCALL error: EOF detected",
            "Runtime Error\n  ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
        ] {
            let hint = hint(FailureKind::Model, message).expect(message);
            assert!(hint.contains("dbt debug"), "{message}: {hint}");
        }
        assert_eq!(hint(FailureKind::Model, "Database Error\n  division by zero"), None);
    }

    #[test]
    fn tells_connection_target_and_project_apart() {
        for (message, expected) in [
            (
                "connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
                FailureKind::Connection,
            ),
            ("IO Error: Could not set lock on file \"x.duckdb\"", FailureKind::Connection),
            ("Runtime Error\n  Could not find selector named a, expected one of []", FailureKind::Selection),
            ("Runtime Error\n  'metod' is not a valid method name", FailureKind::Selection),
            ("Parsing Error\n  Env var required but not provided: 'A'", FailureKind::Setup),
            ("installed in dbt_packages. Run \"dbt deps\" to install", FailureKind::Setup),
            ("Usage: dbt run [OPTIONS]\n\nError: No such option: --nope", FailureKind::Arguments),
            (
                "error: unexpected argument '--bogus' found\n\nFor more information, try '--help'.",
                FailureKind::Arguments,
            ),
            ("target 'nowhere' not found in profile 'storefront'", FailureKind::Target),
            ("Profile 'nobody' not found in profiles.yml", FailureKind::Target),
            ("no profiles.yml found (searched: [])", FailureKind::Target),
            ("Unknown selector `nobody` (see selectors.yml)", FailureKind::Selection),
            ("The 'postgres' adapter is not … DBT_ALLOW_EXPERIMENTAL_ADAPTERS=true", FailureKind::Setup),
            ("[Errno 28] No space left on device", FailureKind::Files),
            ("[Errno 13] Permission denied: 'target/manifest.json'", FailureKind::Files),
            ("Model 'a' depends on a node named 'b' which was not found", FailureKind::Project),
            ("Runtime Error\n  Could not find profile named 'nobody'", FailureKind::Target),
            ("Runtime Error\n  Invalid resource_type selector \"foo\"", FailureKind::Selection),
            ("Runtime Error\n  Invalid test type selector foo: expected", FailureKind::Selection),
            (
                "Compilation Error\n  The selection criterion 'a' does not match any nodes",
                FailureKind::Selection,
            ),
            ("dbt cannot run because no profile was specified for this dbt project", FailureKind::Target),
            (
                "Runtime Error\n  The profile 'a' does not have a target named 'b'. The valid target names \
                 for this",
                FailureKind::Target,
            ),
        ] {
            let failure = from_output("dbt ls", Exit::Code(2), message, FailureKind::Project, None);
            assert_eq!(failure.kind, expected, "{message}");
        }
    }
}
