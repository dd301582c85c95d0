//! SARIF 2.1.0: the format of code scanning.

use anyhow::Result;
use serde_json::{Value, json};

use super::root::Root;
use crate::check::documentation::explain;
use crate::check::finding::Finding;
use crate::check::report::{IgnoredBy, Report, Suppressed};
use crate::check::rule::Rule;
use crate::check::rules::RULES;
use crate::check::severity::Severity;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn render(report: &Report, root: &Root) -> Result<String> {
    let findings = report.findings.iter().map(|finding| result(finding, root));
    let ignored = report.ignored.iter().map(|ignored| suppressed(ignored, root));
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
        "help": {"text": rule.why, "markdown": explain(rule, None)},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn suppressed(ignored: &Suppressed, root: &Root) -> Value {
    let mut result = result(&ignored.finding, root);
    let kind = match ignored.by {
        IgnoredBy::Model => "inSource",
        IgnoredBy::Configuration => "external",
    };
    result["suppressions"] = json!([{"kind": kind, "justification": ignored.reason}]);
    result
}

fn result(finding: &Finding, root: &Root) -> Value {
    let (file, line) = root.place(finding);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&file), "uriBaseId": "%SRCROOT%"},
            // Code scanning rejects a result without a line.
            "region": {"startLine": line.unwrap_or(1)},
        },
    });
    if let Some(model) = &finding.model {
        location["logicalLocations"] =
            json!([{"name": model.name, "fullyQualifiedName": model.unique_id, "kind": "resource"}]);
    }
    let subject = finding.model.as_ref().map_or(finding.message.as_str(), |model| &model.unique_id);
    json!({
        "ruleId": finding.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.id == finding.rule),
        "level": level(finding.severity),
        "message": {"text": format!("{}. {}.", finding.message, finding.advice)},
        "locations": [location],
        // Identifies a finding even if its line changes.
        "partialFingerprints": {"subject/v1": format!("{}:{subject}", finding.rule)},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warn => "warning",
        Severity::Hint => "note",
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
    use super::super::testing::{clean, elsewhere, hint, report, root};
    use super::*;

    fn sarif(report: &Report) -> Value {
        serde_json::from_str(&render(report, &root()).expect("SARIF")).expect("JSON")
    }

    /// An object has the keys that the schema of SARIF 2.1.0 requires, and none that the schema does not
    /// know.
    #[track_caller]
    fn assert_keys(object: &Value, required: &[&str], optional: &[&str]) {
        let keys: Vec<_> = object.as_object().expect("an object").keys().map(String::as_str).collect();
        for key in required {
            assert!(keys.contains(key), "{key} is missing: {object}");
        }
        for key in keys {
            assert!(required.contains(&key) || optional.contains(&key), "{key}: {object}");
        }
    }

    fn list(value: &Value) -> &[Value] {
        value.as_array().expect("a list")
    }

    /// The parts of the schema that a report uses.
    #[track_caller]
    fn assert_as_the_schema_says(sarif: &Value) {
        assert_keys(sarif, &["version", "runs"], &["$schema"]);
        for run in list(&sarif["runs"]) {
            assert_keys(run, &["tool"], &["invocations", "results", "columnKind"]);
            assert!(["utf16CodeUnits", "unicodeCodePoints"].map(Value::from).contains(&run["columnKind"]));
            assert_keys(&run["tool"], &["driver"], &[]);
            assert_keys(&run["tool"]["driver"], &["name"], &["version", "rules"]);
            for rule in list(&run["tool"]["driver"]["rules"]) {
                let optional = ["shortDescription", "fullDescription", "help", "defaultConfiguration"];
                assert_keys(rule, &["id"], &optional);
                assert_keys(&rule["help"], &["text"], &["markdown"]);
                assert_keys(&rule["defaultConfiguration"], &[], &["level"]);
            }
            for invocation in list(&run["invocations"]) {
                assert_keys(invocation, &["executionSuccessful"], &["toolExecutionNotifications"]);
                for notification in list(&invocation["toolExecutionNotifications"]) {
                    assert_keys(notification, &["message"], &["level"]);
                    let levels = ["none", "note", "warning", "error"].map(Value::from);
                    assert!(levels.contains(&notification["level"]), "{notification}");
                }
            }
            for result in list(&run["results"]) {
                let optional =
                    ["ruleId", "ruleIndex", "level", "locations", "partialFingerprints", "suppressions"];
                assert_keys(result, &["message"], &optional);
                assert!(
                    result["partialFingerprints"].as_object().expect("some").values().all(Value::is_string)
                );
                for location in list(&result["locations"]) {
                    assert_keys(location, &[], &["physicalLocation", "logicalLocations"]);
                    let place = &location["physicalLocation"];
                    assert_keys(place, &["artifactLocation"], &["region"]);
                    assert_keys(&place["artifactLocation"], &[], &["uri", "uriBaseId"]);
                    assert_keys(&place["region"], &[], &["startLine"]);
                    for logical in location["logicalLocations"].as_array().into_iter().flatten() {
                        assert_keys(logical, &[], &["name", "fullyQualifiedName", "kind"]);
                    }
                }
                for suppression in result["suppressions"].as_array().into_iter().flatten() {
                    assert_keys(suppression, &["kind"], &["justification"]);
                    assert!(["inSource", "external"].map(Value::from).contains(&suppression["kind"]));
                }
            }
        }
    }

    /// The rules of the specification that code scanning relies on.
    #[track_caller]
    fn assert_well_formed(sarif: &Value) {
        assert_as_the_schema_says(sarif);
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
                ["note", "warning", "error"]
                    .map(Value::from)
                    .contains(&rule["defaultConfiguration"]["level"]),
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
    fn is_valid_for_code_scanning() {
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
        assert_well_formed(&self::sarif(&elsewhere()));
        assert_eq!(self::sarif(&hint())["runs"][0]["results"][0]["level"], "note");
    }

    #[test]
    fn says_where_a_finding_is_ignored() {
        let mut report = report();
        report.ignored[0].by = IgnoredBy::Model;
        assert_eq!(sarif(&report)["runs"][0]["results"][2]["suppressions"][0]["kind"], "inSource");
    }
}
