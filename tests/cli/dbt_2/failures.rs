//! Runs that do not end well.

use serde_json::json;

use crate::dbt_2::world::{RUN, failing};
use crate::support::dbt_2::{recording, warned};

#[test]
fn explore() {
    for name in [
        "run-model-fails",
        "run-start-hook-fails",
        "run-end-hook-raises",
        "run-database-locked",
        "run-does-not-parse",
        "run-model-warns",
    ] {
        let fake = failing(&recording(name));
        let output = fake.tool(&RUN);
        eprintln!("===== {name} {}\n{}\n{}", output.code, output.stdout, output.stderr);
        assert_eq!(warned(&fake), "");
    }
    for reply in [
        json!({"recording": "run-good", "statuses": {"model.storefront.page_engagement": "reused"}}),
        json!({"recording": "run-good", "kill": 15}),
        json!({"recording": "none", "exit": 2, "stderr": "panic: panicked at crates/dbt-adapter/src/adapter_impl.rs:5037:9:\nnot implemented: parse_index\n"}),
        json!({"recording": "none", "exit": 1, "stderr": "Failed to load `duckdb` driver from name, then failed to load it from the CDN.\nDriver installation error: HTTP error: io: failed to lookup address information\n"}),
    ] {
        let fake = failing(&reply);
        let output = fake.tool(&RUN);
        eprintln!("===== {reply} {}\n{}\n{}", output.code, output.stdout, output.stderr);
    }
}
