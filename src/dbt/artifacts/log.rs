//! dbt's JSON log lines, as far as a run needs them.

use serde::Deserialize;

/// One line of dbt's stdout under `--log-format json`.
#[derive(Debug, Clone, PartialEq)]
pub enum LogLine {
    Event(Box<LogEvent>),
    /// Anything else: Jinja's `print()` on dbt 1.8 and older, a traceback, a message of click's.
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LogEvent {
    /// What all events have.
    pub info: Info,
    /// What this kind of event has.
    #[serde(default)]
    pub data: Data,
}

/// The part that all events share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Info {
    /// The kind: `LogModelResult`, `MainEncounteredError`, ….
    pub name: String,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The line as text.
    #[serde(default)]
    pub msg: String,
}

/// The fields that are used of any kind.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Data {
    /// A message in dbt's words.
    pub msg: Option<String>,
    /// The text of a fatal error.
    pub exc: Option<String>,
    /// The node's place in the run, from 1.
    pub index: Option<u32>,
    /// How many nodes the run has.
    pub total: Option<u32>,
    pub execution_time: Option<f64>,
    pub node_info: Option<NodeInfo>,
}

/// What dbt says of a node while it runs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NodeInfo {
    /// `model.project.name`.
    pub unique_id: String,
    /// `started`, `success`, `error`, `skipped`.
    pub node_status: String,
    pub node_name: String,
}

impl LogLine {
    /// Reads one line of stdout.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        if line.starts_with('{')
            && let Ok(event) = serde_json::from_str(line)
        {
            return Self::Event(event);
        }
        Self::Text(line.to_owned())
    }
}

impl LogEvent {
    /// What a warning says.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        (self.info.level == "warn").then(|| without_level(&self.info.msg))
    }

    /// Whether it tells that a hook or a model begins.
    #[must_use]
    pub fn is_a_start(&self) -> bool {
        ["LogHookStartLine", "NodeStart", "LogStartLine"].contains(&self.info.name.as_str())
    }

    /// Whether it is a hook that failed.
    #[must_use]
    pub fn is_failed_hook(&self) -> bool {
        let status = self.data.node_info.as_ref().map(|node| node.node_status.as_str());
        self.info.name == "LogHookEndLine" && status == Some("error")
    }

    /// The message of an error that says what went wrong (not a summary that counts, nor a model's one-line
    /// result).
    #[must_use]
    pub fn complaint(&self) -> Option<&str> {
        if self.info.level != "error" {
            return None;
        }
        match self.info.name.as_str() {
            // How dbt 2 says that it was told to end.
            "TaskCancelled" | "OperationCanceled" => None,
            "MainEncounteredError" => Some(without_level(self.data.exc.as_deref().unwrap_or(&self.info.msg))),
            "LogModelResult" | "LogHookEndLine" | "EndOfRunSummary" | "LogCancelLine" | "MainStackTrace" => {
                None
            }
            _ => {
                let own = self.data.msg.as_deref().filter(|msg| !msg.is_empty());
                Some(without_level(own.unwrap_or(&self.info.msg)))
            }
        }
    }
}

/// A line of dbt's text log without its `16:16:02  ` and, of dbt 1.12, the level `[WARNING]: `.
#[must_use]
pub fn without_clock(line: &str) -> &str {
    let is_clock = |text: &str| {
        text.len() == 8
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at % 3 == 2 { byte == b':' } else { byte.is_ascii_digit() })
    };
    match line.split_once("  ") {
        Some((clock, rest)) if is_clock(clock) => without_level(rest.trim_start()),
        _ => line,
    }
}

/// A message without the level that newer versions of dbt put in front of it, with or without the event's name:
/// `[WARNING][SomeEvent]: `, or `[error] [SomeEvent (dbt1234)]: ` by dbt 2.
pub fn without_level(message: &str) -> &str {
    let levels = ["[ERROR]", "[WARNING]", "[error] ", "[warning] "];
    let rest = levels.iter().find_map(|level| message.strip_prefix(level));
    let Some((name, rest)) = rest.and_then(|rest| rest.split_once(": ")) else { return message };
    let is_name = name.is_empty() || (name.starts_with('[') && name.ends_with(']'));
    if is_name { rest.trim_start() } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_events_and_leaves_other_text_alone() {
        let line = r#"{"data":{"msg":"Database Error in model a"},"info":{"name":"RunResultError","code":"Z024","level":"error","msg":"  Database Error"}}"#;
        let LogLine::Event(event) = LogLine::parse(line) else { panic!("an event") };
        assert_eq!(event.complaint(), Some("Database Error in model a"));

        for text in ["{not json", "", "  File \"x.py\", line 1"] {
            assert_eq!(LogLine::parse(text), LogLine::Text(text.to_owned()));
        }
    }

    #[test]
    fn takes_the_clock_off_a_line_of_text() {
        for (line, rest) in [
            ("16:16:02  Running with dbt=1.11.16", "Running with dbt=1.11.16"),
            ("16:16:02    Model", "Model"),
            ("16:16:02  [WARNING]: Nothing", "Nothing"),
            ("16:16:02  [ERROR]: Encountered an error:", "Encountered an error:"),
            ("16:16:02  [WARNING][SomeEvent]: Nothing", "Nothing"),
            ("16:16:02  [WARNING] of: somebody", "[WARNING] of: somebody"),
            ("[ERROR]: no clock", "[ERROR]: no clock"),
            ("16:16:02  [error] [DbDriverFailed (dbt1308)]: no: table", "no: table"),
            ("no clock  here", "no clock  here"),
            ("  indented", "  indented"),
        ] {
            assert_eq!(without_clock(line), rest);
        }
    }

    #[test]
    fn a_summary_is_no_complaint() {
        for (name, level) in
            [("EndOfRunSummary", "error"), ("LogModelResult", "error"), ("StatsLine", "info")]
        {
            let line = format!(r#"{{"data":{{}},"info":{{"name":"{name}","level":"{level}","msg":"x"}}}}"#);
            let LogLine::Event(event) = LogLine::parse(&line) else { panic!("an event") };
            assert_eq!(event.complaint(), None, "{name}");
        }
    }
}
