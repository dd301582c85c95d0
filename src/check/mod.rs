//! `check`: what breaks incremental Snowplow models, told from the dbt manifest and dbt_project.yml alone.
//!
//! A rule is a file in `rules/`. It looks at the [`Subject`] and returns what it found; which findings count, and how much,
//! is the [`RuleSettings`]' part, and showing them that of `output`.

mod code;
mod documentation;
mod finding;
mod freshness;
mod output;
mod places;
mod report;
mod rule;
mod rules;
mod selector;
mod settings;
mod strategy;
mod subject;
mod vars;

pub use documentation::{explain, list, page};
pub use finding::{Finding, Model};
pub use freshness::{Changes, Files};
pub use output::{Format, View, render, summary};
pub use report::{IgnoredBy, Report, Suppressed, check};
pub use rule::{Rule, Severity};
pub use rules::{RULES, rule};
pub use settings::{RuleSettings, Said, WrongSetting, known_rule};
pub use subject::{Given, Subject};
