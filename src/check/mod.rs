//! `check`: finds what breaks incremental Snowplow models, from the dbt manifest and dbt_project.yml alone.
//!
//! Each rule is a file in `rules/`. It looks at the `Subject` and returns what it found. The
//! `RuleSettings` decide which findings count and how severe they are. `output` shows them.

mod code;
mod documentation;
mod exemptions;
mod finding;
mod freshness;
mod locator;
mod output;
mod package;
mod report;
mod rule;
mod rules;
mod session;
mod settings;
mod severity;
mod subject;
mod unknown;

pub use documentation::page;
pub(crate) use documentation::{explain, list};
pub(crate) use output::{CheckFormat, IgnoredFindings, View, render, summary};
pub(crate) use rules::RULES;
pub(crate) use session::{CheckSession, Freshness};
pub(crate) use settings::{ConfiguredRule, RuleSettings, known_rule};
