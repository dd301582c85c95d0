//! What dbt writes: its manifest, its run results, its log.

mod graph;
mod json_stream;
pub(super) mod log;
mod manifest;
pub(super) mod run_results;

pub use graph::{DefaultSelector, Graph};
pub use manifest::{Macro, Manifest, Metadata, Node, NodeKind};
