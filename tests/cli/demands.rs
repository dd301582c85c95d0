//! What is demanded of a project: nothing that the selection does not need, and the same by every command.

use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, listing, manifest, model, tables};

const SELECTED: [&str; 4] = ["shop_manifest", "shop_limits", "shop_events", "carts"];

fn tracked(name: &str) -> Value {
    model(name, &["shop_incremental"], "incremental")
}

/// A project with a second hook, and the models of its package. The package has no model for its limits.
fn with_second_hook(name: &str, models: &[Value], selected: &[&str]) -> FakeDbt {
    let all = [&[tracked("carts"), model("ids_manifest", &[], "incremental")], models].concat();
    let mut manifest: Value = serde_json::from_str(&manifest("1.11.16", &all)).expect("JSON");
    let mut hook = manifest["nodes"]["operation.faked.hook"].clone();
    hook["unique_id"] = "operation.faked.second".into();
    hook["raw_code"] = format!("{{{{ snowplow_utils.snowplow_incremental_post_hook({name}) }}}}").into();
    hook["depends_on"]["nodes"] = json!(["model.faked.ids_manifest", "model.faked.shop_events"]);
    manifest["nodes"]["operation.faked.second"] = hook;
    let files = json!({"manifest.json": manifest.to_string()});
    FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&[&SELECTED[..], selected].concat()), "files": files}],
        "run-operation": [tables("2021-06-01", &[], None)],
    }))
}

fn plan(fake: &FakeDbt) -> Output {
    fake.tool(&["plan", "--select", "+carts", "--start-date", "2021-01-01"])
}

#[test]
fn a_package_without_limits_needs_only_a_stand_in() {
    let ids = [model("ids_users", &["ids_incremental"], "table")];
    let output = plan(&with_second_hook("'ids'", &ids, &[])).success();
    assert!(output.stdout.contains("stand-in   ids_users (keeps ids's hook from failing)"), "{output}");
    assert!(output.stdout.trim_end().ends_with("ids_users"), "{output}");

    let output = plan(&with_second_hook("'ids'", &ids, &["ids_users"]));
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("no model works out the limits of ids_manifest"), "{output}");
    assert!(
        output.stderr.contains("The selected model ids_users is tracked by its package, ids"),
        "{output}"
    );
}

#[test]
fn a_hook_without_a_plain_name_is_a_warning() {
    let ids = [model("ids_users", &["ids_incremental"], "table")];
    let output = plan(&with_second_hook("var('x')", &ids, &[])).success();
    assert!(output.stderr.contains("warning: cannot understand the on-run-end hook operation.faked.second"));
    assert!(output.stderr.contains("a run may fail at its end"), "{output}");

    let output = plan(&with_second_hook("var('x')", &ids, &["ids_users"]));
    assert_eq!(output.code, 2, "{output}");
    let words = "The selected model ids_users has the tag ids_incremental and may be tracked by its package";
    assert!(output.stderr.contains(words), "{output}");
}

#[test]
fn a_promotion_needs_only_the_packages_that_it_promotes() {
    let ids = [model("ids_users", &["ids_incremental"], "table")];
    let fake = with_second_hook("'ids'", &ids, &[]);
    plan(&fake).success();
    let manifest = "target/snowplow-backfill/default-target/ls/manifest.json";
    let arguments = ["promote", "--manifest", manifest, "--to-manifest", manifest, "--select", "carts"];
    let output = fake.tool(&arguments);
    assert!(!output.stderr.contains("cannot understand"), "{output}");
}
