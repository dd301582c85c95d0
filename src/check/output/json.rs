//! One document, versioned.

use anyhow::Result;
use serde::Serialize;

use super::root::Root;
use crate::check::report::Report;

/// Changes when the meaning of a field changes. New fields do not change it.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct CheckDocument<'r> {
    schema: u32,
    tool_version: &'static str,
    #[serde(flatten)]
    report: &'r Report,
}

pub(super) fn render(report: &Report, root: &Root) -> Result<String> {
    let mut report = report.clone();
    let ignored = report.ignored.iter_mut().map(|ignored| &mut ignored.finding);
    for finding in report.findings.iter_mut().chain(ignored) {
        finding.file = root.path(&finding.file).into();
    }
    let document = CheckDocument { schema: SCHEMA, tool_version: env!("CARGO_PKG_VERSION"), report: &report };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::testing::{report, root};
    use super::*;

    #[test]
    fn holds_everything() {
        let text = render(&report(), &root()).expect("JSON");
        assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"), @r#"
        {
          "schema": 1,
          "tool_version": "[VERSION]",
          "project": "store",
          "dbt_version": "1.11.16",
          "packages": [
            "shop"
          ],
          "models": 7,
          "rules": 26,
          "off": [
            "hook-duplicated"
          ],
          "errors": 1,
          "warnings": 1,
          "hints": 0,
          "findings": [
            {
              "rule": "backfill-limit-left-in-project",
              "severity": "warn",
              "model": null,
              "file": "analytics/dbt/dbt_project.yml",
              "line": null,
              "message": "the limit is 365",
              "advice": "Lower it"
            },
            {
              "rule": "ephemeral-tracked-model",
              "severity": "error",
              "model": {
                "name": "never",
                "unique_id": "model.store.never"
              },
              "file": "analytics/dbt/models/a b,c/never.sql",
              "line": 3,
              "message": "never is ephemeral: 100% <wrong> & \"odd\"\u0001",
              "advice": "Make it a table"
            }
          ],
          "ignored": [
            {
              "rule": "alias-differs-from-name",
              "severity": "warn",
              "model": {
                "name": "old",
                "unique_id": "model.store.old"
              },
              "file": "analytics/dbt/models/old.sql",
              "line": null,
              "message": "the limit is 365",
              "advice": "Lower it",
              "reason": "known by its old name",
              "by": "configuration"
            }
          ],
          "notes": [
            "the dbt manifest is old"
          ]
        }
        "#);
    }
}
