//! `dbt --version`.

use anyhow::{Context, Result};

use super::invoke::Dbt;
use super::notice::Listen;
use crate::dbt::{Standing, Versions, standing};

/// Enough to recognise what answered.
fn beginning(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).take(5).collect();
    if lines.is_empty() { "nothing at all".to_owned() } else { lines.join("\n") }
}

impl Dbt {
    /// The versions of dbt and its adapters.
    ///
    /// # Errors
    /// dbt cannot be started, or its output names no version.
    pub fn versions(&self, listen: Listen<'_>) -> Result<Versions> {
        let (ended, text) = self.ask_version(listen)?;
        self.interrupt.check()?;
        Versions::parse(&text).with_context(|| {
            format!(
                "`{} --version` ({}) printed no version of dbt: {}",
                self.program(),
                ended.exit,
                beginning(&text)
            )
        })
    }

    /// Warns once of a version that this tool was not tested with.
    ///
    /// # Errors
    /// The version is not supported.
    pub(super) fn tell_standing(&self, version: &str, listen: Listen<'_>) -> Result<()> {
        if let Standing::Untried(warning) = standing(version)? {
            self.warn_once(warning, listen);
        }
        Ok(())
    }
}
