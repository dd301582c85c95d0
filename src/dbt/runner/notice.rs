//! Notices that come while dbt is called. The events of this tool are made from them.

use serde::{Deserialize, Serialize};

pub type Listen<'a> = &'a mut dyn FnMut(Notice);

/// Something that happens while dbt is called.
#[derive(Debug, Clone)]
pub enum Notice {
    /// dbt is about to be called.
    Called(DbtCall),
    /// Something that the user should know, but that stops nothing.
    Warning(String),
    /// A model of a run has finished.
    ModelFinished(ModelFinished),
}

/// What a call of dbt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// `dbt ls`: lists the models in the selection.
    Selection,
    /// `dbt run-operation` in a generated project: reads tables.
    Query,
    /// `dbt parse`: writes a fresh dbt manifest.
    Parse,
    /// `dbt run`: builds models.
    Run,
    /// `dbt run-operation` in a generated project: executes a promotion.
    Promotion,
    /// `dbt --version`: asked after a failure that the version could explain.
    Version,
}

/// A call of dbt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DbtCall {
    /// What the call is for.
    pub purpose: Purpose,
    /// The command line, quoted for a POSIX shell.
    pub command: String,
}

/// A model of a run that has finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelFinished {
    /// The run, from 1.
    pub run: u32,
    /// The model's place among the nodes of the run, from 1.
    pub index: u32,
    /// How many nodes the run has.
    pub total: u32,
    pub model: String,
    /// dbt's own word: `success`, `error`, `skipped`.
    pub status: String,
    /// Seconds that it took.
    pub seconds: f64,
}
