//! Applies all rules to a project.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use serde::Serialize;

use super::exemptions::exemptions;
use super::finding::{Finding, Found, list};
use super::locator::Locator;
use super::rule::Rule;
use super::rules::RULES;
use super::settings::RuleSettings;
use super::severity::Severity;
use super::subject::Subject;
use super::unknown;
use crate::dbt::select_by_definition;

/// The result of a check.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The root project's name.
    pub project: String,
    /// The version of dbt that wrote the dbt manifest.
    pub dbt_version: String,
    pub packages: Vec<String>,
    /// How many enabled models there are.
    pub models: usize,
    /// How many rules were applied.
    pub rules: usize,
    /// The rules that are turned off.
    pub off: Vec<&'static str>,
    /// How many findings are errors.
    pub errors: usize,
    /// How many findings are warnings.
    pub warnings: usize,
    /// How many findings are hints.
    pub hints: usize,
    /// The findings that count, by file and line.
    pub findings: Vec<Finding>,
    /// The findings that the configuration or a model ignores.
    pub ignored: Vec<Suppressed>,
    /// What the user should know about the check itself.
    pub notes: Vec<String>,
}

/// A finding that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    #[serde(flatten)]
    pub finding: Finding,
    /// Why it does not count.
    pub reason: String,
    /// Where it is ignored.
    pub by: IgnoredBy,
}

/// Where a finding is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoredBy {
    Configuration,
    /// The model's own `meta`.
    Model,
}

/// Applies all rules, and sorts out the findings that are ignored.
///
/// # Errors
/// A model's `meta` that exempts it from an unknown rule.
pub fn check(subject: &Subject, settings: &RuleSettings) -> Result<Report> {
    let exempt = exempt_models(subject)?;
    let mut locator = Locator::new(&subject.project, subject.root(), subject.vars_file());
    let (mut findings, mut ignored, mut off) = (Vec::new(), Vec::new(), Vec::new());
    for rule in RULES {
        let Some(severity) = settings.severity(rule) else {
            off.push(rule.id);
            continue;
        };
        for found in rule.find(subject, settings.number(rule)) {
            let reason = reason_to_ignore(settings, &exempt, rule, &found);
            let finding = finding(rule, severity, found, &mut locator);
            match reason {
                None => findings.push(finding),
                Some((by, reason)) => ignored.push(Suppressed { finding, reason, by }),
            }
        }
    }
    let key = |finding: &Finding| {
        let model = finding.model.as_ref().map(|model| model.unique_id.clone());
        (finding.file.clone(), finding.line, finding.rule, model)
    };
    findings.sort_by_cached_key(key);
    ignored.sort_by_cached_key(|ignored: &Suppressed| key(&ignored.finding));
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings, hints) = (of(Severity::Error), of(Severity::Warn), of(Severity::Hint));
    Ok(Report {
        project: subject.root().to_owned(),
        dbt_version: subject.manifest.metadata.dbt_version.clone(),
        packages: subject.packages.iter().map(|package| package.name().to_owned()).collect(),
        models: subject.manifest.models().count(),
        rules: RULES.len() - off.len(),
        off,
        errors,
        warnings,
        hints,
        findings,
        ignored,
        notes: notes(subject, settings),
    })
}

type Exemptions<'s> = HashMap<&'s str, BTreeMap<&'static str, &'s str>>;

fn exempt_models(subject: &Subject) -> Result<Exemptions<'_>> {
    let mut exempt = HashMap::new();
    for node in subject.manifest.models().chain(&subject.manifest.disabled) {
        let rules = exemptions(node)?;
        if !rules.is_empty() {
            exempt.insert(node.unique_id.as_str(), rules);
        }
    }
    Ok(exempt)
}

fn reason_to_ignore(
    settings: &RuleSettings,
    exempt: &Exemptions<'_>,
    rule: &Rule,
    found: &Found,
) -> Option<(IgnoredBy, String)> {
    let model = found.model.as_ref()?;
    let by_model = exempt.get(model.unique_id.as_str()).and_then(|rules| rules.get(rule.id).copied());
    let by_file = settings.reason_to_ignore(rule, &model.name);
    let said = |by| move |reason: &str| (by, reason.to_owned());
    by_model.map(said(IgnoredBy::Model)).or_else(|| by_file.map(said(IgnoredBy::Configuration)))
}

fn finding(rule: &Rule, severity: Severity, found: Found, locator: &mut Locator<'_>) -> Finding {
    let (file, line) = locator.find(&found.place);
    Finding {
        rule: rule.id,
        severity,
        model: found.model,
        file,
        line,
        message: found.message,
        advice: found.advice,
    }
}

fn notes(subject: &Subject, settings: &RuleSettings) -> Vec<String> {
    let mut notes = Vec::new();
    if subject.packages.is_empty() && subject.strange_hooks.is_empty() {
        notes.push(
            "no Snowplow package found: no on-run-end hook of this project calls \
             snowplow_incremental_post_hook. Did `dbt deps` run before the dbt manifest was written?"
                .to_owned(),
        );
    }
    if let Some(default) = &subject.manifest.default_selector
        && let Err(reason) = select_by_definition(&subject.manifest, &default.definition)
    {
        notes.push(format!(
            "the default selector {} was not checked: only dbt can tell what it selects by {reason}",
            default.name
        ));
    }
    notes.extend(unknown::notes(subject, settings));
    let names: Vec<_> =
        subject.manifest.models().chain(&subject.manifest.disabled).map(|node| node.name.as_str()).collect();
    let idle = settings.patterns().filter(|(_, pattern)| !names.iter().any(|name| pattern.matches(name)));
    notes.extend(idle.map(|(rule, pattern)| {
        format!("check.rules.{rule}.ignore: no model is called {}", pattern.as_str())
    }));
    if let Some(prod) = &subject.prod
        && prod.metadata.project_name != subject.manifest.metadata.project_name
    {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        notes.push(format!(
            "the two dbt manifests belong to different projects: {}",
            list([
                name(&subject.manifest.metadata.project_name).as_str(),
                name(&prod.metadata.project_name).as_str()
            ])
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::rules::testing::Lab;
    use super::*;

    fn checked(lab: &Lab) -> Report {
        check(&lab.subject(), lab.settings_of_rules()).expect("a report")
    }

    #[test]
    fn a_clean_project_has_no_findings() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        let report = checked(&lab);
        assert_eq!((report.findings, report.notes), (vec![], Vec::<String>::new()));
        assert_eq!((report.models, report.rules, report.packages), (4, RULES.len(), vec!["shop".to_owned()]));
    }

    #[test]
    fn settings_and_meta_decide_what_counts() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "incremental", &[]).alias("baskets");
        let rules = |report: &Report| {
            let of = |finding: &Finding| format!("{} {}", finding.rule, finding.severity.name());
            report.findings.iter().map(of).collect::<Vec<_>>().join(", ")
        };
        let all = "alias-differs-from-name error, incremental-without-new-events-check error, \
                   incremental-without-optimize warn, incremental-without-unique-key error";
        let report = checked(&lab);
        assert_eq!(rules(&report), all);
        assert_eq!((report.errors, report.warnings), (3, 1));

        lab.settings(
            "{incremental-without-new-events-check: off, incremental-without-optimize: error, \
             incremental-without-unique-key: {ignore: [{model: car*, reason: append only}]}}",
        );
        lab.change("carts")
            .config("meta", json!({"snowplow_backfill": {"ignore": {"alias-differs-from-name": "small"}}}));
        let report = checked(&lab);
        assert_eq!(rules(&report), "incremental-without-optimize error");
        assert_eq!(report.rules, RULES.len() - 1);
        let ignored: Vec<_> =
            report.ignored.iter().map(|one| (one.finding.rule, one.reason.as_str(), one.by)).collect();
        assert_eq!(
            ignored,
            [
                ("alias-differs-from-name", "small", IgnoredBy::Model),
                ("incremental-without-unique-key", "append only", IgnoredBy::Configuration)
            ]
        );
        assert_eq!((report.off, report.notes), (vec!["incremental-without-new-events-check"], vec![]));

        lab.change("carts").config("meta", json!({"snowplow_backfill": {"ignore": {"nope": "x"}}}));
        let error = check(&lab.subject(), lab.settings_of_rules()).expect_err("no such rule").to_string();
        assert_eq!(
            error,
            "meta.snowplow_backfill of the model carts (models/carts.sql): there is no rule `nope`"
        );
    }

    #[test]
    fn says_what_it_cannot_tell() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &[]);
        lab.default_selector(&json!({"method": "state", "value": "modified"}));
        assert_eq!(
            checked(&lab).notes,
            ["the default selector usual was not checked: only dbt can tell what it selects by the method \
                 state"]
        );
        lab.settings(
            "{hook-missing: {ignore: [{model: car*, reason: a}, {model: cars, reason: b}]}, hook-duplicated: \
             off}",
        );
        assert_eq!(checked(&lab).notes[1..], ["check.rules.hook-missing.ignore: no model is called cars"]);
        let empty = Lab::without_packages();
        assert!(
            checked(&empty).notes[0].starts_with("no Snowplow package found"),
            "{:?}",
            checked(&empty).notes
        );
    }
}
