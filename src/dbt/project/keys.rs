//! The keys of a `dbt_project.yml`, each taken as what it must be.

use anyhow::{Error, Result, anyhow, bail};
use serde_yaml::{Mapping, Value};

use super::yaml;

/// The keys that have not been taken yet.
pub(super) struct Keys(Mapping);

impl Keys {
    /// The keys in a file's text.
    ///
    /// # Errors
    /// It is no YAML, or no mapping.
    pub(super) fn of_text(text: &str) -> Result<Self> {
        match yaml::parse(text)? {
            // An empty file lacks a name like any other file without one, and that error is clearer.
            Value::Null => Ok(Self(Mapping::new())),
            Value::Mapping(keys) => Ok(Self(keys)),
            _ => bail!("it must be a mapping of keys to values"),
        }
    }

    /// The value of a key as it is written; none without the key, or if it is null.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>> {
        self.take(key)
            .map(|value| as_text(value).map_err(|value| unexpected(key, &value, "text")))
            .transpose()
    }

    pub(super) fn mapping(&mut self, key: &str) -> Result<Option<Mapping>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Mapping(mapping)) => Ok(Some(mapping)),
            Some(value) => Err(unexpected(key, &value, "a mapping of names to values")),
        }
    }

    /// The mapping of a key; empty if it is anything else.
    pub(super) fn mapping_if_it_is_one(&mut self, key: &str) -> Mapping {
        self.take(key).and_then(|value| value.as_mapping().cloned()).unwrap_or_default()
    }

    /// Folders: a list, or one expression that dbt renders to a list.
    pub(super) fn paths(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let paths = match &value {
            Value::Sequence(paths) => paths.iter().cloned().map(as_text).collect(),
            _ => as_text(value.clone()).map(|path| vec![path]),
        };
        paths.map(Some).map_err(|_| unexpected(key, &value, "a list of folders"))
    }
}

fn as_text(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(other),
    }
}

fn unexpected(key: &str, value: &Value, expected: &str) -> Error {
    let shown = serde_json::to_string(value).map(|shown| format!(" is {shown}")).unwrap_or_default();
    anyhow!("`{key}`{shown}: it must be {expected}")
}
