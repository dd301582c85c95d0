//! GitHub's workflow commands (lines of a log that the runner interprets), and the file of a step's summary.

use std::fmt;
use std::fs::{File, OpenOptions};

use anyhow::{Context, Result};

pub const END_GROUP: &str = "::endgroup::";

/// How bad an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// A message that GitHub shows at a file, or at the workflow run.
#[derive(Debug, Clone, Copy)]
pub struct Annotation<'a> {
    pub level: Level,
    /// The file, from the repository's root.
    pub file: Option<&'a str>,
    /// A line of that file, from 1.
    pub line: Option<usize>,
    pub title: &'a str,
    /// May have several lines.
    pub message: &'a str,
}

impl fmt::Display for Annotation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "::{} ", self.level.command())?;
        if let Some(file) = self.file {
            write!(f, "file={},", property(file))?;
            if let Some(line) = self.line {
                write!(f, "line={line},")?;
            }
        }
        write!(f, "title={}::{}", property(self.title), data(self.message))
    }
}

/// Begins a group of lines, which GitHub folds under its title.
pub fn group(title: &str) -> String {
    format!("::group::{}", data(title))
}

/// Text from elsewhere, so that GitHub takes no line of it for a command.
pub fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("| {line}")).collect::<Vec<_>>().join("\n")
}

/// The file that GitHub shows as the summary of a step; none outside of GitHub.
pub fn summary_file() -> Result<Option<File>> {
    let path = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    let file = path.map(|path| {
        let file = OpenOptions::new().append(true).create(true).open(&path);
        file.with_context(|| format!("cannot write the summary {} (GITHUB_STEP_SUMMARY)", path.display()))
    });
    file.transpose()
}

/// The text after the last `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value. Commas and colons separate properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_characters_that_would_end_a_property_or_a_command() {
        let annotation = Annotation {
            level: Level::Error,
            file: Some("models/a,b.sql"),
            line: None,
            title: "run 1: 100%, failed",
            message: "100% wrong: a, b::c\r\n  second line",
        };
        assert_eq!(
            annotation.to_string(),
            "::error file=models/a%2Cb.sql,title=run 1%3A 100%25%2C failed::100%25 wrong: a, b::c%0D%0A  \
             second line"
        );
        let annotation =
            Annotation { level: Level::Notice, file: None, line: None, title: "t", message: "m" };
        assert_eq!(annotation.to_string(), "::notice title=t::m");
        assert_eq!(group("a\nb"), "::group::a%0Ab");
    }

    #[test]
    fn text_from_elsewhere_is_never_a_command() {
        assert_eq!(quoted("fine\n  ::error::not ours"), "| fine\n|   ::error::not ours");
    }
}
