//! dbt 1.12 with the v2 parser, whose dbt manifest is that of dbt 2.

use std::fs;

use serde_json::json;

use crate::support::fake::FakeDbt;
use crate::support::fixtures;

#[test]
fn packages_are_found_in_the_manifest_of_the_v2_parser() {
    let recorded = fixtures().join("dbt-2/recordings").join("ls");
    let read = |name: &str| fs::read_to_string(recorded.join(name)).expect("a recording");
    let manifest = read("manifest.json");
    let events = read("stdout");
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let listed: String = events
        .filter(|event| event["info"]["name"] == "PrintEvent")
        .map(|event| format!("{}\n", event["data"]["msg"].as_str().expect("text")))
        .collect();
    let fake = FakeDbt::new(&json!({"ls": [{"stdout": listed, "files": {"manifest.json": manifest}}]}));
    fs::write(
        fake.path("dbt_project.yml"),
        "name: storefront\nprofile: faked\nflags: {use_v2_parser: true}\n",
    )
    .expect("written");
    let output = fake.tool(&["models", "--select", "+page_engagement+"]).success();
    assert!(output.stdout.starts_with("engaged_visitors page_engagement "), "{output}");
    assert!(output.stdout.contains("snowplow_shop_carts"), "{output}");
    assert!(output.stderr.contains("only tested with recorded answers of 2.0.0-beta.2"), "{output}");
}
