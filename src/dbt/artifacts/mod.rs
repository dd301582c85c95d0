//! What dbt writes: its manifest, its run results, its log.

mod json_stream;
mod lineage;
pub(super) mod log;
mod manifest;
mod manifest_node;
mod manifest_reader;
mod operations;
pub(super) mod run_results;

pub use lineage::{Lineage, walk};
pub use manifest::{DefaultSelector, Macro, Manifest, Metadata, Node, NodeKind};
pub use manifest_reader::ReadFor;
