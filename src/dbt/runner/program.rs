//! How dbt is started: one path, or words such as `uv run dbt`. Never through a shell.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

/// The words that start dbt, without dbt's own arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    words: Vec<String>,
}

impl Program {
    /// Reads the value of `--dbt`.
    ///
    /// # Errors
    /// The value is empty or has an unclosed quote.
    pub fn parse(command: &str) -> Result<Self> {
        // A path may hold spaces. If there is such a file, it is one word.
        if Utf8Path::new(command).is_file() {
            return Ok(Self { words: vec![command.to_owned()] });
        }
        let words = shlex::split(command).with_context(|| {
            format!(
                "--dbt: the quotes in `{command}` do not match. Give a path, or words such as `uv run dbt`"
            )
        })?;
        if words.is_empty() {
            bail!("--dbt is empty. Give a path, or words such as `uv run dbt`");
        }
        Ok(Self { words })
    }

    /// If the `PATH` has no such program, the one of that name beside this executable: both may be installed
    /// in one environment that is not activated.
    #[must_use]
    pub fn or_beside_this_one(mut self) -> Self {
        let name = self.executable();
        if name.contains('/') || self.location().is_some() {
            return self;
        }
        let this = std::env::current_exe().and_then(|path| path.canonicalize()).ok();
        let beside = this.and_then(|path| Some(path.parent()?.join(name))).filter(|path| path.is_file());
        if let Some(path) = beside.and_then(|path| path.into_os_string().into_string().ok()) {
            self.words[0] = path;
        }
        self
    }

    /// The file that is started if the first word is a name: the first one on the `PATH` that can be.
    #[must_use]
    pub fn location(&self) -> Option<Utf8PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut files = std::env::split_paths(&path).map(|folder| folder.join(self.executable()));
        let is_program = |file: &PathBuf| {
            fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        };
        files.find(is_program).and_then(|file| Utf8PathBuf::try_from(file).ok())
    }

    /// The first word: a name or a path.
    #[must_use]
    pub fn executable(&self) -> &str {
        &self.words[0]
    }

    /// The words between the executable and dbt's own arguments.
    #[must_use]
    pub fn leading_arguments(&self) -> &[String] {
        &self.words[1..]
    }

    /// All words, the executable first.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote_for_shell(self.words.iter().map(String::as_str)))
    }
}

/// Joins words so that the line can be pasted into a POSIX shell.
pub fn quote_for_shell<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = words
        .into_iter()
        // Only a NUL byte cannot be quoted, and no process starts with one in an argument.
        .map(|word| shlex::try_quote(word).unwrap_or_else(|_| format!("{word:?}").into()))
        .collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_and_paths_with_spaces() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("my dbt");
        std::fs::write(&path, "").expect("a file");
        let path = path.to_str().expect("UTF-8");

        assert_eq!(Program::parse("uv run dbt").expect("words").words(), ["uv", "run", "dbt"]);
        assert_eq!(Program::parse("'my dbt' --x").expect("words").words(), ["my dbt", "--x"]);
        assert_eq!(Program::parse(path).expect("a path").words(), [path]);
        for wrong in ["", "  ", "'dbt"] {
            assert!(Program::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn quotes_so_that_a_shell_reads_the_same_words() {
        let words = ["dbt", "--vars", r#"{"a": "it's"}"#, "", "+model"];
        let line = quote_for_shell(words);
        assert_eq!(shlex::split(&line).expect("words"), words);
    }
}
