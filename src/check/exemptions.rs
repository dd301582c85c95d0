//! Which rules a model is exempt from: its own `meta`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};

use super::settings::{known_rule, unknown};
use crate::dbt::Node;

/// This tool's key in `meta`.
const META: &str = "snowplow_backfill";

/// The rules that a model is exempt from, with the reasons.
///
/// # Errors
/// An unknown rule or key, or a rule without a reason.
pub(super) fn exemptions(node: &Node) -> Result<BTreeMap<&'static str, &str>> {
    let Some(own) = node.config.get("meta").and_then(|meta| meta.get(META)) else {
        return Ok(BTreeMap::new());
    };
    read_exemptions(own)
        .map_err(|error| anyhow!("meta.{META} of the model {} ({}): {error:#}", node.name, node.path))
}

fn read_exemptions(own: &serde_json::Value) -> Result<BTreeMap<&'static str, &str>> {
    let keys = own.as_object().context("must be a mapping with the key ignore")?;
    if let Some(key) = keys.keys().find(|key| *key != "ignore") {
        bail!("{}", unknown("key", key, ["ignore"]));
    }
    let Some(ignore) = keys.get("ignore") else { return Ok(BTreeMap::new()) };
    let ignore = ignore.as_object().context("ignore must be a mapping of rules to reasons")?;
    ignore
        .iter()
        .map(|(id, reason)| {
            let reason = reason.as_str().map(str::trim).filter(|reason| !reason.is_empty());
            Ok((known_rule(id)?.id, reason.with_context(|| format!("ignore.{id}: add a reason"))?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_models_meta_says() {
        let meta = |json: serde_json::Value| {
            read_exemptions(&json).map(|found| found.len()).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(meta(serde_json::json!({"ignore": {"alias-differs-from-name": "old name"}})), Ok(1));
        assert_eq!(meta(serde_json::json!({})), Ok(0));
        for (json, expected) in [
            (serde_json::json!({"ignor": {}}), "there is no key `ignor`: did you mean `ignore`?"),
            (
                serde_json::json!({"ignore": {"alias-differs": "x"}}),
                "there is no rule `alias-differs`: did you mean `alias-differs-from-name`?",
            ),
            (serde_json::json!({"ignore": {"hook-missing": " "}}), "ignore.hook-missing: add a reason"),
            (serde_json::json!({"ignore": ["hook-missing"]}), "ignore must be a mapping of rules to reasons"),
            (serde_json::json!(true), "must be a mapping with the key ignore"),
        ] {
            assert_eq!(meta(json), Err(expected.to_owned()));
        }
    }
}
