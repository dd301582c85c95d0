//! What the user's own arguments of dbt become on its command line.

use camino::Utf8PathBuf;

/// dbt's arguments that say where the connection is described. They are passed on as given: other values than
/// in the user's own calls would invalidate dbt's parse cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileArguments {
    /// `--profiles-dir`.
    pub profiles_dir: Option<Utf8PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
}

/// dbt's selection arguments, as the user gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelectionArguments {
    /// `--select`.
    pub select: Vec<String>,
    /// `--exclude`.
    pub exclude: Vec<String>,
    /// `--selector`.
    pub selector: Option<String>,
    /// `--state`, as the user gave it: dbt starts a relative path at the project.
    pub state: Option<Utf8PathBuf>,
}

/// dbt's arguments that say what refs of models stand for that are not selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeferArguments {
    /// `--defer`.
    pub defer: bool,
    /// `--defer-state`.
    pub defer_state: Option<Utf8PathBuf>,
    /// `--favor-state`.
    pub favor_state: bool,
}

impl DeferArguments {
    /// The arguments for dbt's command line.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if self.defer {
            arguments.push("--defer".to_owned());
        }
        if let Some(directory) = &self.defer_state {
            arguments.extend(["--defer-state".to_owned(), directory.to_string()]);
        }
        if self.favor_state {
            arguments.push("--favor-state".to_owned());
        }
        arguments
    }
}

impl SelectionArguments {
    /// The arguments for dbt's command line.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (flag, values) in [("--select", &self.select), ("--exclude", &self.exclude)] {
            if !values.is_empty() {
                arguments.push(flag.to_owned());
                arguments.extend(values.iter().cloned());
            }
        }
        if let Some(selector) = &self.selector {
            arguments.extend(["--selector".to_owned(), selector.clone()]);
        }
        if let Some(directory) = &self.state {
            arguments.extend(["--state".to_owned(), directory.to_string()]);
        }
        arguments
    }

    /// Whether dbt picks the models by itself: all of them, or those of a default selector.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.select.is_empty() && self.exclude.is_empty() && self.selector.is_none()
    }
}
