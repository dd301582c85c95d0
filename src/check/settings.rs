//! Which rules count, and how much: `check.rules` in the configuration file, and `meta` of a model.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use glob::Pattern;
use serde_yaml::Value;

use super::rule::{Rule, Severity};
use super::rules::{RULES, rule};
use crate::config::similar;
use crate::dbt::Node;

/// The key of `meta` that is this tool's.
const META: &str = "snowplow_backfill";

/// The configuration of the rules.
#[derive(Debug, Clone, Default)]
pub struct RuleSettings {
    rules: BTreeMap<&'static str, RuleSetting>,
}

#[derive(Debug, Clone, Default)]
struct RuleSetting {
    /// None: the rule's own.
    level: Option<Level>,
    ignore: Vec<Ignore>,
    number: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Off,
    On(Severity),
}

#[derive(Debug, Clone)]
struct Ignore {
    model: Pattern,
    reason: String,
}

impl RuleSettings {
    /// Reads `check.rules`: `{<rule>: off | warn | error | {severity: …, ignore: [{model: …, reason: …}]}}`.
    ///
    /// # Errors
    /// A rule, a key or a severity that there is not, with what may have been meant; an ignored model without a reason.
    pub fn from_value(value: &Value) -> Result<Self> {
        let rules = match value {
            Value::Null => return Ok(Self::default()),
            Value::Mapping(rules) => rules,
            _ => bail!("rules must be a mapping of rules to off, warn, error or their settings"),
        };
        let mut settings = Self::default();
        for (id, value) in rules {
            let id = id.as_str().unwrap_or_default();
            let rule = known_rule(id)?;
            let setting = RuleSetting::from_value(rule, value).with_context(|| format!("rules.{id}"));
            settings.rules.insert(rule.id, setting.map_err(|error| anyhow!("{error:#}"))?);
        }
        Ok(settings)
    }

    /// How much a rule's findings count; none where it is off.
    #[must_use]
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        match self.rules.get(rule.id).and_then(|setting| setting.level) {
            None => Some(rule.severity),
            Some(Level::On(severity)) => Some(severity),
            Some(Level::Off) => None,
        }
    }

    /// The number that a rule goes by.
    #[must_use]
    pub fn number(&self, rule: &Rule) -> u32 {
        let set = self.rules.get(rule.id).and_then(|setting| setting.number);
        set.or_else(|| rule.number.as_ref().map(|number| number.default)).unwrap_or(0)
    }

    /// Why a rule's findings on a model do not count, where the configuration file says so.
    #[must_use]
    pub fn reason_to_ignore(&self, rule: &Rule, model: &str) -> Option<&str> {
        let ignore = &self.rules.get(rule.id)?.ignore;
        ignore.iter().find(|ignore| ignore.model.matches(model)).map(|ignore| ignore.reason.as_str())
    }
}

impl RuleSetting {
    fn from_value(rule: &Rule, value: &Value) -> Result<Self> {
        let keys = match value {
            Value::Mapping(keys) => keys,
            Value::String(_) | Value::Bool(_) => {
                return Ok(Self { level: Some(level(value)?), ..Self::default() });
            }
            _ => bail!("must be off, warn, error or a mapping with severity or ignore"),
        };
        let mut setting = Self::default();
        for (key, value) in keys {
            let key = key.as_str().unwrap_or_default();
            match key {
                "severity" => setting.level = Some(level(value)?),
                "ignore" => setting.ignore = ignores(value)?,
                _ => match &rule.number {
                    Some(number) if number.key == key => {
                        let given = value.as_u64().and_then(|given| given.try_into().ok());
                        setting.number =
                            Some(given.with_context(|| format!("{key} must be a whole number"))?);
                    }
                    number => {
                        let own = number.iter().map(|number| number.key);
                        bail!("{}", unknown("key", key, ["severity", "ignore"].into_iter().chain(own)));
                    }
                },
            }
        }
        Ok(setting)
    }
}

fn level(value: &Value) -> Result<Level> {
    match value {
        // YAML 1.1 reads a bare `off` as false.
        Value::Bool(false) => Ok(Level::Off),
        Value::String(text) => match text.as_str() {
            "off" => Ok(Level::Off),
            "warn" => Ok(Level::On(Severity::Warn)),
            "error" => Ok(Level::On(Severity::Error)),
            other => bail!("{}", unknown("severity", other, ["off", "warn", "error"])),
        },
        _ => bail!("severity must be off, warn or error"),
    }
}

fn ignores(value: &Value) -> Result<Vec<Ignore>> {
    let list = value.as_sequence().context("ignore must be a list of {model: …, reason: …}")?;
    list.iter().map(ignore).collect()
}

fn ignore(value: &Value) -> Result<Ignore> {
    let keys = value.as_mapping().context("ignore must be a list of {model: …, reason: …}")?;
    if let Some(key) =
        keys.keys().map(|key| key.as_str().unwrap_or_default()).find(|key| !["model", "reason"].contains(key))
    {
        bail!("ignore: {}", unknown("key", key, ["model", "reason"]));
    }
    let text =
        |key: &str| keys.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let model = text("model")
        .context("ignore: model is missing: give the name of a model, or a pattern such as stg_*")?;
    let reason = text("reason").with_context(|| format!("ignore: {model}: say why, as its reason"))?;
    let model = Pattern::new(model).with_context(|| format!("ignore: {model} is no pattern"))?;
    Ok(Ignore { model, reason: reason.to_owned() })
}

/// What a model's `meta` says: rules that it is exempt from, with the reasons.
///
/// # Errors
/// A rule or a key that there is not, or a rule without a reason.
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
            Ok((known_rule(id)?.id, reason.with_context(|| format!("ignore.{id}: say why"))?))
        })
        .collect()
}

/// A rule by its id.
///
/// # Errors
/// There is none, with what may have been meant.
pub fn known_rule(id: &str) -> Result<&'static Rule> {
    rule(id).ok_or_else(|| anyhow!("{}", unknown("rule", id, RULES.iter().map(|rule| rule.id))))
}

/// An error that suggests what may have been meant.
fn unknown<'a>(what: &str, written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let meant = similar(written, names).map_or_else(String::new, |name| format!(": did you mean {name}?"));
    format!("there is no {what} `{written}`{meant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RuleSettings> {
        RuleSettings::from_value(&serde_yaml::from_str(text).expect("YAML"))
    }

    fn known(id: &str) -> &'static Rule {
        rule(id).expect("a rule")
    }

    #[test]
    fn reads_levels_and_exemptions() {
        let settings = read(
            "alias-differs-from-name: off\n\
             hook-duplicated: error\n\
             ephemeral-tracked-model: {severity: warn}\n\
             incremental-without-unique-key:\n  ignore:\n    - {model: 'stg_*', reason: built anew}\n    - {model: one, reason: small}\n\
             backfill-limit-left-in-project: {max_days: 200}\n",
        )
        .expect("settings");
        assert_eq!(settings.severity(known("alias-differs-from-name")), None);
        assert_eq!(settings.severity(known("hook-duplicated")), Some(Severity::Error));
        assert_eq!(settings.severity(known("ephemeral-tracked-model")), Some(Severity::Warn));
        let rule = known("incremental-without-unique-key");
        assert_eq!(settings.severity(rule), Some(Severity::Error));
        assert_eq!(settings.reason_to_ignore(rule, "stg_a"), Some("built anew"));
        assert_eq!(settings.reason_to_ignore(rule, "one"), Some("small"));
        assert_eq!(settings.reason_to_ignore(rule, "ones"), None);
        assert_eq!(settings.number(known("backfill-limit-left-in-project")), 200);
        assert_eq!(RuleSettings::default().number(known("backfill-limit-left-in-project")), 60);
        assert!(read("").expect("nothing").rules.is_empty());
    }

    #[test]
    fn says_what_is_wrong_and_what_may_have_been_meant() {
        for (text, expected) in [
            ("[a]", "rules must be a mapping of rules to off, warn, error or their settings"),
            (
                "ephemeral-traked-model: off",
                "there is no rule `ephemeral-traked-model`: did you mean ephemeral-tracked-model?",
            ),
            ("xyz: off", "there is no rule `xyz`"),
            ("hook-missing: eror", "rules.hook-missing: there is no severity `eror`: did you mean error?"),
            (
                "hook-missing: 3",
                "rules.hook-missing: must be off, warn, error or a mapping with severity or ignore",
            ),
            (
                "hook-missing: {severty: off}",
                "rules.hook-missing: there is no key `severty`: did you mean severity?",
            ),
            ("hook-missing: {max_days: 3}", "rules.hook-missing: there is no key `max_days`"),
            (
                "backfill-limit-left-in-project: {max_days: many}",
                "rules.backfill-limit-left-in-project: max_days must be a whole number",
            ),
            ("hook-missing: {ignore: [{model: a}]}", "rules.hook-missing: ignore: a: say why, as its reason"),
            (
                "hook-missing: {ignore: [{model: a, reson: b}]}",
                "rules.hook-missing: ignore: there is no key `reson`: did you mean reason?",
            ),
            (
                "hook-missing: {ignore: [{reason: b}]}",
                "rules.hook-missing: ignore: model is missing: give the name of a model, or a pattern such as stg_*",
            ),
            (
                "hook-missing: {ignore: a}",
                "rules.hook-missing: ignore must be a list of {model: …, reason: …}",
            ),
        ] {
            assert_eq!(format!("{:#}", read(text).expect_err(text)), expected, "{text}");
        }
    }

    #[test]
    fn reads_what_a_models_meta_says() {
        let meta = |json: serde_json::Value| {
            read_exemptions(&json).map(|found| found.len()).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(meta(serde_json::json!({"ignore": {"alias-differs-from-name": "old name"}})), Ok(1));
        assert_eq!(meta(serde_json::json!({})), Ok(0));
        for (json, expected) in [
            (serde_json::json!({"ignor": {}}), "there is no key `ignor`: did you mean ignore?"),
            (
                serde_json::json!({"ignore": {"alias-differs": "x"}}),
                "there is no rule `alias-differs`: did you mean alias-differs-from-name?",
            ),
            (serde_json::json!({"ignore": {"hook-missing": " "}}), "ignore.hook-missing: say why"),
            (serde_json::json!({"ignore": ["hook-missing"]}), "ignore must be a mapping of rules to reasons"),
            (serde_json::json!(true), "must be a mapping with the key ignore"),
        ] {
            assert_eq!(meta(json), Err(expected.to_owned()));
        }
    }
}
