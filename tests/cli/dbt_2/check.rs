//! `check`: dbt parses the project anew.

use serde_json::{Value, json};

use crate::support::dbt_2::{dbt_2, recording, warned};
use crate::support::{Lab, NEW};

#[test]
fn a_project_is_checked_by_the_manifest_of_dbt_2() {
    let fake = dbt_2(&json!({"parse": [recording("parse")]}));
    let output = fake.tool(&["check", "--parse", "--target", "staging"]);
    assert_eq!(warned(&fake), "");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.contains("no findings in 26 models of storefront"), "{output}");
    assert!(output.stderr.contains("only tested with recorded answers of 2.0.0-beta.2"), "{output}");
}

/// A dbt manifest as dbt 2 writes it: nothing of what hooks refer to or call, and of models all macros, also those that others
/// call.
fn as_of_dbt_2(mut manifest: Value) -> Value {
    let macros = manifest["macros"].clone();
    let calls = |id: &Value| macros[id.as_str().expect("an id")]["depends_on"]["macros"].clone();
    for node in manifest["nodes"].as_object_mut().expect("nodes").values_mut() {
        if node["resource_type"] == "operation" {
            node["tags"] = json!([]);
            node["depends_on"] = json!({"macros": [], "nodes": []});
            continue;
        }
        let mut all = node["depends_on"]["macros"].as_array().cloned().unwrap_or_default();
        let mut at = 0;
        while at < all.len() {
            let more = calls(&all[at]).as_array().cloned().unwrap_or_default();
            all.extend(more.into_iter().filter(|id| !all.contains(id)).collect::<Vec<_>>());
            at += 1;
        }
        node["depends_on"]["macros"] = json!(all);
    }
    manifest["metadata"]["dbt_version"] = json!("2.0.0-beta.2");
    manifest
}

/// The rules say the same of a project, whichever dbt has parsed it.
#[test]
fn the_findings_are_those_of_dbt_1() {
    for (project, expected) in [("project", 0), ("wrong_project", 39)] {
        let lab = Lab::of_project(project, NEW);
        let parsed = lab.tool(&["check", "--parse", "--target-path", "parsed", "--format", "json"]);
        let of_dbt_1: Value = serde_json::from_str(&parsed.stdout).expect("a report");
        let manifest: Value =
            serde_json::from_str(&lab.read("parsed/manifest.json")).expect("a dbt manifest");
        lab.write("dbt_2.json", &as_of_dbt_2(manifest).to_string());
        let output = lab.tool(&["check", "--manifest", "dbt_2.json", "--format", "json"]);
        let of_dbt_2: Value = serde_json::from_str(&output.stdout).expect("a report");
        assert_eq!(of_dbt_2["findings"].as_array().map(Vec::len), Some(expected), "{project}: {output}");
        assert_eq!(of_dbt_2["findings"], of_dbt_1["findings"], "{project}");
    }
}
