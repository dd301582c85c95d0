//! `check`: dbt parses the project anew.

use serde_json::json;

use crate::support::dbt_2::{dbt_2, recording, warned};

#[test]
fn a_project_is_checked_by_the_manifest_of_dbt_2() {
    let fake = dbt_2(&json!({"parse": [recording("parse")]}));
    let output = fake.tool(&["check", "--parse", "--target", "staging"]);
    assert_eq!(warned(&fake), "");
    assert_eq!(output.code, 0, "{}", output.stderr);
}
