//! `check`: dbt parses the project anew.

use serde_json::json;

use crate::support::dbt_2::{dbt_2, recording, warned};

#[test]
fn a_project_is_checked_by_the_manifest_of_dbt_2() {
    let fake = dbt_2(&json!({"parse": [recording("parse")]}));
    let output = fake.tool(&["check", "--parse", "--target", "staging"]);
    assert_eq!(warned(&fake), "");
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.contains("no findings in 26 models of storefront"), "{output}");
    assert!(output.stderr.contains("only tested with recorded answers of 2.0.0-beta.2"), "{output}");
}
