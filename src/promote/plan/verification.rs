//! How thoroughly both sides are compared after a promotion.

use clap::ValueEnum;
use serde::Serialize;

/// How both sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// All rows value by value, by a digest, and the rows of the incremental manifests
    Full,
    /// The number of rows, and the rows of the incremental manifests
    Counts,
    /// Nothing
    None,
}
