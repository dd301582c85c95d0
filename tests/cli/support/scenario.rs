//! A whole backfill on the scripted dbt.

use serde_json::{Value, json};

use super::fake::{FakeDbt, good_run, listing, manifest, model, next_event, tables};

/// The models that are selected.
pub const SELECTED: [&str; 4] = ["shop_manifest", "shop_limits", "shop_events", "carts"];
const NOW: &str = "2024-04-10 12:00:00";

/// Two windows, then a gap, then caught up.
pub fn over_a_gap() -> FakeDbt {
    let carts = model("carts", &["shop_incremental"], "incremental");
    let listed =
        json!({"stdout": listing(&SELECTED), "files": {"manifest.json": manifest("1.11.16", &[carts])}});
    let answer = |last: &str, lower: &str, upper: &str| tables(NOW, &[("carts", last)], Some((lower, upper)));
    let last = "2024-01-31 10:00:00.5";
    FakeDbt::new(&json!({
        "ls": [listed],
        "run-operation": [
            tables(NOW, &[], None),
            next_event("2024-01-01 09:00:00"),
            answer("2024-01-30 10:00:00", "2024-01-01 00:00:00", "2024-01-31 00:00:00"),
            answer(last, "2024-01-30 04:00:00", "2024-02-29 10:00:00"),
            answer(last, "2024-01-31 04:00:00.5", "2024-03-01 10:00:00.5"),
            next_event("2024-04-05 01:02:03"),
            answer("2024-04-10 09:00:00", "2024-01-31 04:00:00.5", NOW),
        ],
        "run": [with_a_model_said(good_run(&SELECTED))],
    }))
}

/// A run that says that a model has ended, as dbt does on the way.
fn with_a_model_said(mut run: Value) -> Value {
    let line = json!({
        "info": {"name": "LogModelResult", "level": "info", "msg": "OK"},
        "data": {
            "index": 4, "total": 4, "execution_time": 1.5,
            "node_info": {"unique_id": "model.faked.carts", "node_name": "carts", "node_status": "success"},
        },
    });
    run["stdout"] = format!("{line}\n").into();
    run
}

/// What it takes.
pub const ARGUMENTS: [&str; 7] =
    ["run", "--select", "+carts", "--start-date", "2024-01-01", "--limit-days", "30"];
