//! Which rules count, and how severe their findings are: `check.rules` in the configuration file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, anyhow, bail};
use glob::Pattern;
use serde_yaml::Value;

use super::rule::Rule;
use super::rules::{RULES, rule};
use super::severity::Severity;
use crate::suggest;

/// The configuration of the rules.
#[derive(Debug, Clone, Default)]
pub struct RuleSettings {
    rules: BTreeMap<&'static str, RuleSetting>,
    configured: Vec<ConfiguredRule>,
}

#[derive(Debug, Clone, Default)]
struct RuleSetting {
    /// None: the severity of the rule itself.
    level: Option<RuleLevel>,
    ignore: Vec<Ignore>,
    number: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleLevel {
    Off,
    On(Severity),
}

#[derive(Debug, Clone)]
struct Ignore {
    model: Pattern,
    reason: String,
}

/// An error in the configuration of the rules.
#[derive(Debug)]
pub struct WrongSetting {
    /// The keys that lead to it, from `rules` on; items of lists by their number.
    pub path: Vec<String>,
    message: String,
}

impl WrongSetting {
    fn below(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }
}

impl From<anyhow::Error> for WrongSetting {
    fn from(error: anyhow::Error) -> Self {
        Self { path: Vec::new(), message: format!("{error:#}") }
    }
}

impl fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WrongSetting {}

/// One setting of a rule in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredRule {
    pub rule: &'static str,
    /// Its value, such as `off` or `ignore log_*: appended to on purpose`.
    pub value: String,
    /// The keys that lead to it, from `rules` on; items of lists by their number.
    pub path: Vec<String>,
}

impl RuleSettings {
    /// Reads `check.rules`: `{<rule>: on | off | warn | error | {severity: …, ignore: [{model: …, reason:
    /// …}]}}`.
    ///
    /// # Errors
    /// An unknown rule, key or severity, with a suggestion; an ignored model without a reason.
    pub fn from_value(value: &Value) -> Result<Self, WrongSetting> {
        let rules = match value {
            Value::Null => return Ok(Self::default()),
            Value::Mapping(rules) => rules,
            _ => {
                return Err(anyhow!(
                    "rules must be a mapping of rules to on, off, warn, error or their settings"
                )
                .into());
            }
        };
        let mut settings = Self::default();
        for (key, value) in rules {
            let id = text_of(key);
            let rule = known_rule(&id).map_err(|error| WrongSetting::from(error).below(&id))?;
            let configured = |path: &[&str], value: String| ConfiguredRule {
                rule: rule.id,
                value,
                path: [&[rule.id], path].concat().into_iter().map(str::to_owned).collect(),
            };
            let setting = RuleSetting::from_value(rule, value, &mut |path, value| {
                settings.configured.push(configured(path, value));
            });
            let setting = setting.map_err(|wrong| {
                WrongSetting { message: format!("rules.{id}: {}", wrong.message), ..wrong }.below(&id)
            })?;
            settings.rules.insert(rule.id, setting);
        }
        Ok(settings)
    }

    /// The settings, in the order of the configuration.
    #[must_use]
    pub fn configured(&self) -> &[ConfiguredRule] {
        &self.configured
    }

    /// The patterns of models to ignore, with the rules that they are for.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (&'static str, &Pattern)> {
        self.rules.iter().flat_map(|(rule, setting)| setting.ignore.iter().map(|one| (*rule, &one.model)))
    }

    /// The severity of a rule's findings; none if the rule is off.
    #[must_use]
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        match self.rules.get(rule.id).and_then(|setting| setting.level) {
            None => Some(rule.severity),
            Some(RuleLevel::On(severity)) => Some(severity),
            Some(RuleLevel::Off) => None,
        }
    }

    /// The number that a rule compares with; 0 for a rule without a number.
    #[must_use]
    pub fn number(&self, rule: &Rule) -> u32 {
        let set = self.rules.get(rule.id).and_then(|setting| setting.number);
        set.or_else(|| rule.number().map(|number| number.default)).unwrap_or(0)
    }

    /// The reason why a rule's findings on a model do not count, if the configuration file ignores them.
    #[must_use]
    pub fn reason_to_ignore(&self, rule: &Rule, model: &str) -> Option<&str> {
        let ignore = &self.rules.get(rule.id)?.ignore;
        ignore.iter().find(|ignore| ignore.model.matches(model)).map(|ignore| ignore.reason.as_str())
    }
}

impl RuleSetting {
    /// Reads one rule. Calls `say` with the keys of each setting, from the rule on, and its value.
    fn from_value(
        rule: &Rule,
        value: &Value,
        say: &mut dyn FnMut(&[&str], String),
    ) -> Result<Self, WrongSetting> {
        let keys = match value {
            Value::Mapping(keys) => keys,
            Value::String(_) | Value::Bool(_) => {
                let level = level(value)?;
                say(&[], level.unwrap_or(RuleLevel::On(rule.severity)).name().to_owned());
                return Ok(Self { level, ..Self::default() });
            }
            _ => {
                return Err(
                    anyhow!("must be on, off, warn, error or a mapping with severity or ignore").into()
                );
            }
        };
        let mut setting = Self::default();
        for (key, value) in keys {
            let key = &*text_of(key);
            let wrong = |error: anyhow::Error| WrongSetting::from(error).below(key);
            match key {
                "severity" => {
                    setting.level = level(value).map_err(wrong)?;
                    say(&[key], setting.level.unwrap_or(RuleLevel::On(rule.severity)).name().to_owned());
                }
                "ignore" => {
                    setting.ignore = ignores(value).map_err(|wrong| wrong.below(key))?;
                    for (number, ignore) in setting.ignore.iter().enumerate() {
                        let value = format!("ignore {}: {}", ignore.model, ignore.reason);
                        say(&[key, &number.to_string()], value);
                    }
                }
                _ => match rule.number() {
                    Some(number) if number.key == key => {
                        let given = value.as_u64().and_then(|given| given.try_into().ok());
                        let given =
                            given.with_context(|| format!("{key} must be a whole number")).map_err(wrong)?;
                        setting.number = Some(given);
                        say(&[key], format!("{key} {given}"));
                    }
                    number => {
                        let own = number.iter().map(|number| number.key);
                        let known = ["severity", "ignore"].into_iter().chain(own);
                        return Err(wrong(anyhow!("{}", unknown("key", key, known))));
                    }
                },
            }
        }
        Ok(setting)
    }
}

impl RuleLevel {
    fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On(severity) => severity.name(),
        }
    }
}

/// None: the severity of the rule itself.
fn level(value: &Value) -> Result<Option<RuleLevel>> {
    match value {
        // YAML 1.1 reads a bare `off` as false, and `on` as true.
        Value::Bool(false) => Ok(Some(RuleLevel::Off)),
        Value::Bool(true) => Ok(None),
        Value::String(text) => match text.as_str() {
            "off" => Ok(Some(RuleLevel::Off)),
            "on" => Ok(None),
            "hint" => Ok(Some(RuleLevel::On(Severity::Hint))),
            "warn" => Ok(Some(RuleLevel::On(Severity::Warn))),
            "error" => Ok(Some(RuleLevel::On(Severity::Error))),
            other => bail!("{}", unknown("severity", other, ["on", "off", "hint", "warn", "error"])),
        },
        _ => bail!("severity must be on, off, hint, warn or error"),
    }
}

fn ignores(value: &Value) -> Result<Vec<Ignore>, WrongSetting> {
    let list = value.as_sequence().context("ignore must be a list of {model: …, reason: …}")?;
    let read = |(number, value): (usize, &Value)| {
        ignore(value).map_err(|error| WrongSetting::from(error).below(&number.to_string()))
    };
    list.iter().enumerate().map(read).collect()
}

fn ignore(value: &Value) -> Result<Ignore> {
    let keys = value.as_mapping().context("ignore must be a list of {model: …, reason: …}")?;
    if let Some(key) = keys.keys().map(text_of).find(|key| !["model", "reason"].contains(&&**key)) {
        bail!("ignore: {}", unknown("key", &key, ["model", "reason"]));
    }
    let text =
        |key: &str| keys.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let model = text("model")
        .context("ignore: model is missing: give the name of a model or a pattern such as stg_*")?;
    let reason = text("reason").with_context(|| format!("ignore: {model}: add a reason"))?;
    let model = Pattern::new(model).with_context(|| format!("ignore: {model} is not a pattern"))?;
    Ok(Ignore { model, reason: reason.to_owned() })
}

/// A key as it was written; it need not be text.
fn text_of(key: &Value) -> Cow<'_, str> {
    match key {
        Value::String(text) => text.into(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned().into(),
    }
}

/// A rule by its id.
///
/// # Errors
/// There is no such rule, with a suggestion.
pub fn known_rule(id: &str) -> Result<&'static Rule> {
    rule(id).ok_or_else(|| anyhow!("{}", unknown("rule", id, RULES.iter().map(|rule| rule.id))))
}

/// An error that suggests the most similar name.
pub(super) fn unknown<'a>(what: &str, written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    format!("there is no {what} `{written}`{}", suggest::question(written, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RuleSettings> {
        Ok(RuleSettings::from_value(&serde_yaml::from_str(text).expect("YAML"))?)
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
             incremental-without-unique-key:\n  ignore:\n    - {model: 'stg_*', reason: built anew}\n    - \
             {model: one, reason: small}\n\
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
    fn says_what_is_wrong_and_suggests_what_was_meant() {
        for (text, expected) in [
            ("[a]", "rules must be a mapping of rules to on, off, warn, error or their settings"),
            (
                "ephemeral-traked-model: off",
                "there is no rule `ephemeral-traked-model`: did you mean `ephemeral-tracked-model`?",
            ),
            ("xyz: off", "there is no rule `xyz`"),
            ("1: off", "there is no rule `1`"),
            ("hook-missing: {1: off}", "rules.hook-missing: there is no key `1`"),
            (
                "unique-key: off",
                "there is no rule `unique-key`: did you mean `incremental-without-unique-key`?",
            ),
            ("hook-missing: eror", "rules.hook-missing: there is no severity `eror`: did you mean `error`?"),
            (
                "hook-missing: 3",
                "rules.hook-missing: must be on, off, warn, error or a mapping with severity or ignore",
            ),
            (
                "hook-missing: {severty: off}",
                "rules.hook-missing: there is no key `severty`: did you mean `severity`?",
            ),
            ("hook-missing: {max_days: 3}", "rules.hook-missing: there is no key `max_days`"),
            (
                "backfill-limit-left-in-project: {max_days: many}",
                "rules.backfill-limit-left-in-project: max_days must be a whole number",
            ),
            ("hook-missing: {ignore: [{model: a}]}", "rules.hook-missing: ignore: a: add a reason"),
            (
                "hook-missing: {ignore: [{model: a, reson: b}]}",
                "rules.hook-missing: ignore: there is no key `reson`: did you mean `reason`?",
            ),
            (
                "hook-missing: {ignore: [{reason: b}]}",
                "rules.hook-missing: ignore: model is missing: give the name of a model or a pattern such as \
                 stg_*",
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
    fn on_is_the_rules_own_severity() {
        let id = "incremental-without-optimize";
        for text in ["on", "true", "{severity: on}"] {
            let settings = read(&format!("{id}: {text}")).expect(text);
            assert_eq!(settings.severity(known(id)), Some(Severity::Warn), "{text}");
            assert_eq!(settings.configured()[0].value, "warn", "{text}");
        }
    }

    #[test]
    fn says_where_it_is_wrong() {
        for (text, expected) in [
            ("[a]", ""),
            ("xyz: off", "xyz"),
            ("hook-missing: 3", "hook-missing"),
            ("hook-missing: off\nhook-duplicated: {severty: off}", "hook-duplicated.severty"),
            ("hook-missing: {severity: of}", "hook-missing.severity"),
            ("hook-missing: {ignore: [{model: a, reason: b}, {model: a}]}", "hook-missing.ignore.1"),
        ] {
            let wrong = RuleSettings::from_value(&serde_yaml::from_str(text).expect("YAML")).expect_err(text);
            assert_eq!(wrong.path.join("."), expected, "{text}");
        }
    }

    #[test]
    fn tells_all_that_is_configured() {
        let settings = read(
            "hook-missing: off\nincremental-without-unique-key: {severity: warn, ignore: [{model: 'log_*', \
             reason: appended to}]}\n\
             backfill-limit-left-in-project: {max_days: 200}\n",
        );
        let said: Vec<_> = settings
            .expect("settings")
            .configured()
            .iter()
            .map(|said| format!("{}: {}", said.path.join("."), said.value))
            .collect();
        assert_eq!(
            said,
            [
                "hook-missing: off",
                "incremental-without-unique-key.severity: warn",
                "incremental-without-unique-key.ignore.0: ignore log_*: appended to",
                "backfill-limit-left-in-project.max_days: max_days 200"
            ]
        );
    }
}
