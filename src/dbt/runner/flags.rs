//! Every flag of `dbt run` and `dbt ls`, and what this tool does with it.
//!
//! One list decides what is passed on and to which call, and is shown on the page of flags. A test compares it
//! with the flags that each supported version of dbt has.

/// A flag of `dbt run` or `dbt ls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DbtFlag {
    /// Its long names without dashes, the usual one first.
    pub names: &'static [&'static str],
    /// Its short form.
    pub short: Option<char>,
    /// Whether a value follows it. If not, `--no-…` may turn it off.
    pub has_value: bool,
    pub handling: Handling,
}

/// What this tool does with a flag of dbt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// This tool has the flag, too.
    Own(Calls),
    /// It may follow `--`.
    PassedOn(Calls),
    /// It may not be given, for this reason.
    Refused(&'static str),
}

/// The calls of dbt that get a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    Run,
    /// What changes the selection or how the project is read goes to `dbt ls`, too.
    RunAndLs,
    /// All calls, those that read and write tables included.
    All,
}

const fn switch(names: &'static [&'static str], handling: Handling) -> DbtFlag {
    DbtFlag { names, short: None, has_value: false, handling }
}

const fn value(names: &'static [&'static str], handling: Handling) -> DbtFlag {
    DbtFlag { names, short: None, has_value: true, handling }
}

impl DbtFlag {
    const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    /// Whether `--name` is this flag.
    fn is_named(&self, name: &str) -> bool {
        let bare = name.strip_prefix("no-").filter(|_| !self.has_value).unwrap_or(name);
        self.names.contains(&name) || self.names.contains(&bare)
    }
}

const SELECTED: &str = "the selection decides what is built";
const INCOMPLETE: &str = "every run would leave events out";
const LOG: &str = "this tool reads dbt's log";
const LISTED: &str = "this tool reads what dbt ls lists";
const STATE: &str = "every model of the selection has to be built";
const PARSED: &str = "what dbt parsed before may have been parsed with other vars";
const OWN_ID: &str = "each call of dbt has its own";
const NOTHING: &str = "dbt would run nothing";

use Calls::{All, Run, RunAndLs};
use Handling::{Own, PassedOn, Refused};

/// The flags of dbt 1.7 to 1.12, and those of dbt 2.
pub const DBT_FLAGS: &[DbtFlag] = &[
    value(&["select", "models", "model"], Own(RunAndLs)).short('s'),
    value(&["exclude"], Own(RunAndLs)),
    value(&["selector"], Own(RunAndLs)),
    value(&["state"], Own(RunAndLs)),
    // dbt ls does not defer, and the one of dbt 1.7 does not know the flags.
    switch(&["defer"], Own(Run)),
    value(&["defer-state"], Own(Run)),
    switch(&["favor-state"], Own(Run)),
    value(&["vars"], Own(All)),
    value(&["target"], Own(All)).short('t'),
    value(&["profile"], Own(All)),
    value(&["profiles-dir"], Own(All)),
    value(&["project-dir"], Own(All)),
    value(&["threads"], Own(Run)),
    switch(&["full-refresh"], Own(Run)).short('f'),
    switch(&["fail-fast"], PassedOn(Run)).short('x'),
    switch(&["debug"], PassedOn(Run)).short('d'),
    switch(&["warn-error"], PassedOn(Run)),
    value(&["warn-error-options"], PassedOn(Run)),
    switch(&["show-all-deprecations"], PassedOn(Run)),
    switch(&["print"], PassedOn(Run)),
    value(&["printer-width"], PassedOn(Run)),
    switch(&["cache-selected-only"], PassedOn(Run)),
    switch(&["populate-cache"], PassedOn(Run)),
    switch(&["log-cache-events"], PassedOn(Run)),
    value(&["record-timing-info"], PassedOn(Run)).short('r'),
    switch(&["upload-to-artifacts-ingest-api"], PassedOn(Run)),
    switch(&["hints-enabled"], PassedOn(Run)),
    switch(&["snowflake-projects-otel"], PassedOn(Run)),
    value(&["maximum-seed-size-mib"], PassedOn(Run)),
    switch(&["version-check"], PassedOn(RunAndLs)),
    switch(&["static-parser"], PassedOn(RunAndLs)),
    switch(&["use-experimental-parser"], PassedOn(RunAndLs)),
    switch(&["send-anonymous-usage-stats"], PassedOn(RunAndLs)),
    value(&["resource-type", "resource-types"], Refused(SELECTED)),
    value(&["exclude-resource-type", "exclude-resource-types"], Refused(SELECTED)),
    value(&["indirect-selection"], Refused("it is about tests, and dbt run runs none")),
    switch(&["empty"], Refused("every run would build empty tables")),
    value(&["sample"], Refused(INCOMPLETE)),
    value(&["event-time-start"], Refused(INCOMPLETE)),
    value(&["event-time-end"], Refused(INCOMPLETE)),
    value(&["target-path"], Refused("this tool sets a target path for each limit")),
    value(&["log-path"], Refused("this tool sets a log path for each run")),
    value(&["log-format"], Refused(LOG)),
    value(&["log-level"], Refused(LOG)),
    value(&["log-format-file"], Refused(LOG)),
    value(&["log-level-file"], Refused(LOG)),
    switch(&["quiet"], Refused(LOG)).short('q'),
    switch(&["use-colors"], Refused(LOG)),
    switch(&["use-colors-file"], Refused(LOG)),
    switch(&["write-json"], Refused("this tool reads the artifacts that dbt writes")),
    switch(&["partial-parse"], Refused("this tool decides whether dbt keeps a parse cache")),
    switch(
        &["use-v2-parser"],
        Refused("every call of dbt needs it: set flags: use_v2_parser in dbt_project.yml"),
    ),
    value(&["v2-parser"], Refused("every call of dbt needs it: set DBT_ENGINE_V2_PARSER")),
    value(&["output", "format"], Refused(LISTED)),
    value(&["output-keys"], Refused(LISTED)),
    value(&["deprecated-favor-state"], Refused("--favor-state replaces it")),
    value(&["static-analysis"], PassedOn(Run)),
    value(&["host"], PassedOn(Run)),
    value(&["port"], PassedOn(Run)),
    value(&["limit"], PassedOn(Run)),
    switch(&["no-parallel"], PassedOn(Run)),
    switch(&["classify-with-warehouse-tags"], PassedOn(Run)),
    switch(&["write-catalog"], PassedOn(Run)),
    switch(&["write-metadata"], PassedOn(Run)),
    switch(&["write-index", "use-index"], PassedOn(Run)),
    switch(&["write-lineage"], PassedOn(Run)),
    value(&["metadata-dir"], PassedOn(Run)),
    value(&["index-dir"], PassedOn(Run)),
    value(&["otel-file-name"], PassedOn(Run)),
    value(&["otel-parquet-file-name"], PassedOn(Run)),
    switch(&["export-to-otlp"], PassedOn(Run)),
    switch(&["macro-debugging"], PassedOn(Run)),
    switch(&["use-fast-test-edges"], PassedOn(Run)),
    switch(&["store-failures"], PassedOn(Run)),
    switch(&["legacy-compile"], PassedOn(Run)),
    switch(&["export-saved-queries"], PassedOn(Run)),
    switch(&["skip-unreferenced-table-check"], PassedOn(Run)),
    switch(&["skip-write-msgpack-if-exist"], PassedOn(Run)),
    switch(&["skip-semantic-manifest-validation"], PassedOn(RunAndLs)),
    switch(&["skip-private-deps"], PassedOn(RunAndLs)),
    switch(&["use-v2-compatible-package-downloads"], PassedOn(RunAndLs)),
    value(&["internal-packages-install-path"], PassedOn(Run)),
    value(&["internal-package"], PassedOn(Run)),
    value(&["antlr-parser-cache-hard-limit-bytes"], PassedOn(Run)),
    value(&["antlr-arena-limit-bytes"], PassedOn(Run)),
    value(&["antlr-parser-cache-threshold-bytes"], PassedOn(Run)),
    value(&["antlr-parser-recursion-limit"], PassedOn(Run)),
    value(&["packages-install-path"], Refused("this tool reads packages-install-path in dbt_project.yml")),
    value(&["x-alt-target"], Refused("--target decides where models are built")),
    value(&["compute"], Refused("models are built in the warehouse")),
    switch(&["introspect"], Refused("Snowplow's packages ask the warehouse while they are compiled")),
    switch(&["beta-use-query-cache"], Refused("answers of earlier runs are out of date")),
    switch(&["manage-state"], Refused(STATE)),
    switch(&["force-node-selection"], Refused(STATE)),
    value(&["run-cache-mode"], Refused(STATE)),
    value(&["task-cache-url"], Refused(STATE)),
    value(&["with-sample"], Refused(INCOMPLETE)),
    value(&["sampled"], Refused(INCOMPLETE)),
    value(&["show"], Refused(LOG)),
    value(&["log-file-max-bytes"], Refused(LOG)),
    value(&["invocation-id"], Refused(OWN_ID)),
    value(&["parent-span-id"], Refused(OWN_ID)),
    switch(&["partial-parse-file-diff"], Refused(PARSED)),
    value(&["partial-parse-file-path"], Refused(PARSED)),
    switch(&["partial-load"], Refused(PARSED)),
    switch(&["dirty"], Refused(PARSED)),
    switch(&["verify-partial-parse"], Refused(PARSED)),
    switch(&["verify-partial-load"], Refused(PARSED)),
    value(&["phase"], Refused(NOTHING)),
    value(&["dbt-replay"], Refused(NOTHING)),
    value(&["fs-record"], Refused(NOTHING)),
    value(&["fs-replay"], Refused(NOTHING)),
    value(&["time-machine"], Refused(NOTHING)),
    value(&["time-machine-path"], Refused(NOTHING)),
    value(&["time-machine-ordering"], Refused(NOTHING)),
    switch(&["help"], Refused(NOTHING)).short('h'),
    switch(&["version"], Refused(NOTHING)).short('V'),
];

/// The flags in a word of a command line, each as it is written there. dbt reads them out of `--target=prod`,
/// `-tprod` and `-xf`, too. Words that are no flag, or one that is not known, have none.
#[must_use]
pub fn flags_in(word: &str) -> Vec<(String, &'static DbtFlag)> {
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split_once('=').map_or(long, |(name, _)| name);
        let flag = DBT_FLAGS.iter().find(|flag| flag.is_named(name));
        return flag.into_iter().map(|flag| (format!("--{name}"), flag)).collect();
    }
    let mut found = Vec::new();
    for short in word.strip_prefix('-').unwrap_or_default().chars() {
        // dbt has second short forms of two flags.
        let usual = match short {
            'm' => 's',
            'v' => 'V',
            other => other,
        };
        let Some(flag) = DBT_FLAGS.iter().find(|flag| flag.short == Some(usual)) else { break };
        found.push((format!("-{short}"), flag));
        // The rest of the word is its value.
        if flag.has_value {
            break;
        }
    }
    found
}

/// Those of the words after `--` that `dbt ls` has to get, too. They are all switches.
#[must_use]
pub(super) fn also_for_ls(words: &[String]) -> Vec<String> {
    let is_for_ls = |word: &&String| {
        flags_in(word).iter().any(|(_, flag)| flag.handling == PassedOn(RunAndLs) && !flag.has_value)
    };
    words.iter().filter(is_for_ls).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(word: &str) -> Vec<String> {
        flags_in(word).into_iter().map(|(written, flag)| format!("{written} {}", flag.names[0])).collect()
    }

    #[test]
    fn finds_flags_as_dbt_reads_them() {
        assert_eq!(found("--target=prod"), ["--target target"]);
        assert_eq!(found("-tprod"), ["-t target"]);
        assert_eq!(found("-dxf"), ["-d debug", "-x fail-fast", "-f full-refresh"]);
        assert_eq!(found("-xtprod"), ["-x fail-fast", "-t target"]);
        assert_eq!(found("-m"), ["-m select"]);
        assert_eq!(found("--no-write-json"), ["--no-write-json write-json"]);
        for word in ["prod", "-", "--", "--no-target", "--new-in-dbt", "-z"] {
            assert_eq!(found(word), Vec::<String>::new(), "{word}");
        }
    }

    #[test]
    fn the_selection_gets_what_changes_how_the_project_is_read() {
        let words = ["--no-version-check", "--fail-fast", "-x", "--warn-error-options", "static-parser"];
        assert_eq!(also_for_ls(&words.map(str::to_owned)), ["--no-version-check"]);
    }

    #[test]
    fn no_name_stands_for_two_flags() {
        let mut names: Vec<_> = DBT_FLAGS.iter().flat_map(|flag| flag.names).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        let mut shorts: Vec<_> = DBT_FLAGS.iter().filter_map(|flag| flag.short).collect();
        let all = shorts.len();
        shorts.sort_unstable();
        shorts.dedup();
        assert_eq!(shorts.len(), all);
    }

    #[test]
    fn only_switches_go_to_ls_from_behind_the_dashes() {
        assert!(DBT_FLAGS.iter().all(|flag| flag.handling != PassedOn(RunAndLs) || !flag.has_value));
        assert!(DBT_FLAGS.iter().all(|flag| flag.handling != PassedOn(All)));
    }
}
