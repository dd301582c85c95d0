//! `run_results.json`: what a `dbt run` did, by its own account.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use camino::Utf8Path;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct RunResults {
    pub metadata: RunMetadata,
    /// One entry a node, on dbt 1.9 and newer also one a hook.
    pub results: Vec<NodeResult>,
}

/// Who wrote the file.
#[derive(Debug, Clone, Deserialize)]
pub struct RunMetadata {
    /// The `DBT_ENV_CUSTOM_ENV_…` variables of that call, without the prefix.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// What became of a node.
#[derive(Debug, Clone, Deserialize)]
pub struct NodeResult {
    /// `model.package.name`.
    pub unique_id: String,
    pub status: Status,
    /// The adapter's word on success, the error else.
    #[serde(default)]
    pub message: Option<String>,
    /// What the adapter told.
    #[serde(default)]
    pub adapter_response: AdapterResponse,
}

/// How a node ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Status {
    Success,
    /// Built, but something warned meanwhile. Only dbt 2 tells.
    Warn,
    Error,
    /// Not tried, because something before it failed.
    Skipped,
    /// A word that this tool does not know.
    Other(String),
}

impl From<String> for Status {
    fn from(word: String) -> Self {
        match word.as_str() {
            "success" => Self::Success,
            "warn" => Self::Warn,
            "error" => Self::Error,
            "skipped" => Self::Skipped,
            _ => Self::Other(word),
        }
    }
}

/// What an adapter says about a statement.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AdapterResponse {
    /// Rows of the last statement; -1 where it has none. Not every adapter tells.
    pub rows_affected: Option<i64>,
}

impl NodeResult {
    #[must_use]
    pub fn is_model(&self) -> bool {
        self.unique_id.starts_with("model.")
    }

    #[must_use]
    pub fn is_hook(&self) -> bool {
        self.unique_id.starts_with("operation.")
    }

    /// Whether it was built, with or without a warning.
    #[must_use]
    pub fn is_built(&self) -> bool {
        matches!(self.status, Status::Success | Status::Warn)
    }
}

/// What dbt 2 says of every model after an abort. A model that fails by itself has more to say.
const ABORTED: &str = "Compilation Error";

impl RunResults {
    /// Whether they tell of an abort alone: dbt 2 then calls every model an error, those that succeeded before
    /// included.
    #[must_use]
    pub fn tell_only_of_an_abort(&self) -> bool {
        let mut models = self.results.iter().filter(|result| result.is_model()).peekable();
        models.peek().is_some()
            && models.all(|model| {
                model.status == Status::Error && model.message.as_deref().map(str::trim) == Some(ABORTED)
            })
    }

    /// Reads the file of the call that carries `stamp` under `name`; none where there is no file, or one of
    /// another call.
    ///
    /// # Errors
    /// The file cannot be read or is no run_results.json.
    pub fn read_stamped(path: &Utf8Path, name: &str, stamp: &str) -> Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        let results: Self =
            serde_json::from_slice(&bytes).with_context(|| format!("{path} is not a run_results.json"))?;
        Ok((results.metadata.env.get(name).map(String::as_str) == Some(stamp)).then_some(results))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_call_does_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8").join("run_results.json");
        assert!(RunResults::read_stamped(&path, "S", "1").expect("no file").is_none());

        fs::write(
            &path,
            r#"{"metadata": {"env": {"S": "1"}}, "results": [
                {"unique_id": "model.p.a", "status": "success", "adapter_response": {"rows_affected": 2}},
                {"unique_id": "model.p.b", "status": "no-op", "message": null}]}"#,
        )
        .expect("written");
        assert!(RunResults::read_stamped(&path, "S", "2").expect("readable").is_none());
        let results =
            RunResults::read_stamped(&path, "S", "1").expect("readable").expect("this call's").results;
        assert_eq!(results[0].status, Status::Success);
        assert_eq!(results[0].adapter_response.rows_affected, Some(2));
        assert_eq!(results[1].status, Status::Other("no-op".into()));

        fs::write(&path, "{").expect("written");
        assert!(RunResults::read_stamped(&path, "S", "1").is_err());
    }
}
