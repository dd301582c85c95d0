//! SARIF 2.1.0: the format of code scanning.

use anyhow::Result;
use serde_json::{Value, json};

use super::Root;
use crate::check::documentation::explain;
use crate::check::finding::Finding;
use crate::check::report::Report;
use crate::check::rule::{Rule, Severity};
use crate::check::rules::RULES;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn render(report: &Report, root: &Root) -> Result<String> {
    let findings = report.findings.iter().map(|finding| result(finding, None, root));
    let ignored = report.ignored.iter().map(|ignored| result(&ignored.finding, Some(&ignored.reason), root));
    let notes = report.notes.iter().map(|note| json!({"level": "note", "message": {"text": note}}));
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notes.collect::<Vec<_>>(),
            }],
            "results": findings.chain(ignored).collect::<Vec<_>>(),
            "columnKind": "unicodeCodePoints",
        }],
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.why, "markdown": explain(rule)},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(finding: &Finding, reason: Option<&str>, root: &Root) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&root.path(&finding.file)), "uriBaseId": "%SRCROOT%"},
            // Code scanning takes no result without a line.
            "region": {"startLine": finding.line.unwrap_or(1)},
        },
    });
    if let Some(model) = &finding.model {
        location["logicalLocations"] =
            json!([{"name": model.name, "fullyQualifiedName": model.unique_id, "kind": "resource"}]);
    }
    let subject = finding.model.as_ref().map_or(finding.message.as_str(), |model| &model.unique_id);
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.id == finding.rule),
        "level": level(finding.severity),
        "message": {"text": format!("{}. {}.", finding.message, finding.advice)},
        "locations": [location],
        // Keeps a finding the same when lines move.
        "partialFingerprints": {"subject/v1": format!("{}:{subject}", finding.rule)},
    });
    if let Some(reason) = reason {
        result["suppressions"] = json!([{"kind": "external", "justification": reason}]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warn => "warning",
    }
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, report, root};
    use super::*;

    fn sarif(report: &Report) -> Value {
        serde_json::from_str(&render(report, &root()).expect("SARIF")).expect("JSON")
    }

    /// The rules of the specification that code scanning relies on.
    #[track_caller]
    fn assert_well_formed(sarif: &Value) {
        assert_eq!((&sarif["version"], &sarif["$schema"]), (&json!("2.1.0"), &json!(SCHEMA)));
        let [run] = sarif["runs"].as_array().expect("runs").as_slice() else { panic!("one run") };
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "snowplow-backfill");
        let rules = driver["rules"].as_array().expect("rules");
        for rule in rules {
            for key in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[key]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
            }
            assert!(
                ["warning", "error"].map(Value::from).contains(&rule["defaultConfiguration"]["level"]),
                "{rule}"
            );
        }
        for result in run["results"].as_array().expect("results") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(["warning", "error"].map(Value::from).contains(&result["level"]), "{result}");
            assert!(result["message"]["text"].is_string());
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
            assert!(!uri.starts_with('/') && !uri.contains([' ', '\\']), "{uri}");
            assert!(place["region"]["startLine"].as_u64() >= Some(1), "{place}");
        }
    }

    #[test]
    fn is_as_code_scanning_wants_it() {
        let sarif = sarif(&report());
        assert_well_formed(&sarif);
        let results = &sarif["runs"][0]["results"];
        assert_eq!(results.as_array().map(Vec::len), Some(3));
        assert_eq!(
            results[1]["locations"][0]["physicalLocation"],
            json!({
                "artifactLocation": {"uri": "analytics/dbt/models/a%20b%2Cc/never.sql", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3},
            })
        );
        assert_eq!(
            results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
            "model.store.never"
        );
        assert_eq!(
            results[1]["partialFingerprints"]["subject/v1"],
            "ephemeral-tracked-model:model.store.never"
        );
        assert_eq!(
            results[2]["suppressions"],
            json!([{"kind": "external", "justification": "known by its old name"}])
        );
        assert_eq!(
            sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
            "the dbt manifest is old"
        );
        assert_well_formed(&self::sarif(&clean()));
    }
}
