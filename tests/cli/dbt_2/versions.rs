//! Which dbt it is, and what is known of it.

use serde_json::json;

use crate::dbt_2::world::RUN;
use crate::support::dbt_2::dbt_2;

#[test]
fn a_bug_report_says_how_much_is_known_of_this_dbt() {
    for (version, known) in [
        ("2.0.0-beta.2", "not a tested version"),
        ("2.0.9", "not a tested version"),
        ("2.0.0-alpha.5", "dbt 2.0.0-alpha.5 is not supported: of dbt 2"),
    ] {
        let fake = dbt_2(&json!({"version": version}));
        let output = fake.tool(&["--version", "--verbose"]).success();
        let expected = format!("  dbt       {version}, started as `[PROJECT]/dbt`\n            {known}");
        assert!(output.stdout.contains(&expected), "{output}");
    }
}

#[test]
fn only_a_version_that_is_known_to_work_is_called() {
    let fake = dbt_2(&json!({"version": "2.0.0-alpha.5"}));
    let output = fake.tool(&RUN);
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("of dbt 2, this tool works with 2.0.0-beta.2 and newer"), "{output}");
    assert!(output.stderr.contains("Upgrade it, or use dbt-core 1"), "{output}");
    assert_eq!(fake.calls(), [["--version"]]);
}

/// Each says something that no other one says.
#[test]
fn every_recording_is_used() {
    let sources = [
        include_str!("backfill.rs"),
        include_str!("check.rs"),
        include_str!("failures.rs"),
        include_str!("parser.rs"),
        include_str!("promotion.rs"),
        include_str!("selection.rs"),
        include_str!("world.rs"),
        include_str!("../support/stand_in.py"),
    ];
    let folder = crate::support::fixtures().join("dbt-2/recordings");
    let entries = std::fs::read_dir(folder).expect("recordings").map(|entry| entry.expect("one"));
    let names: Vec<_> =
        entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 18);
    for name in names {
        let name = format!("\"{}\"", name.to_str().expect("UTF-8"));
        assert!(sources.iter().any(|source| source.contains(&name)), "nothing uses {name}");
    }
}
