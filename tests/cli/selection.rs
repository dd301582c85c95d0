//! What a selection holds, and what stands in the way of knowing it.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, tables};
use crate::support::scenario::SELECTED;
use crate::support::{Dbt, Engine, Lab, NEW, OLD, PREVIOUS};

const NOW: &str = "2024-04-10 12:00:00";

/// A project in which dbt lists the base models and `carts`, and says in its log that these match nothing.
fn project(unmatched: &[&str]) -> FakeDbt {
    FakeDbt::new(&json!({
        "ls": [listed(unmatched)],
        "run-operation": [
            tables(NOW, &[], None),
            tables(NOW, &[("carts", NOW)], Some(("2024-04-01 00:00:00", NOW))),
        ],
        "run": [good_run(&SELECTED)],
    }))
}

fn listed(unmatched: &[&str]) -> Value {
    let carts = model("carts", &["shop_incremental"], "incremental");
    let line = |criterion: &&str| {
        format!(
            "16:16:03.2 [warn ] [MainThread]: The selection criterion '{criterion}' does not match any nodes\n"
        )
    };
    let log: String = unmatched.iter().map(line).collect();
    let files = json!({"manifest.json": manifest("1.11.16", &[carts])});
    json!({"stdout": listing(&SELECTED), "log": log, "files": files})
}

const START: [&str; 2] = ["--start-date", "2024-04-01"];

#[test]
fn a_part_that_matches_nothing() {
    let fake = project(&["+crats"]);
    let selection = ["--select", "+carts +crats"];
    assert_snapshot!(fake.tool(&[&["run"][..], &selection, &START].concat()), @"
    exit code: 2
    --- stdout
    --- stderr
    error: a part of the selection matches nothing:
      +crats matches no enabled model: did you mean `carts`?
    ");
    assert!(!fake.calls().iter().any(|call| call.contains(&"run".to_owned())));
    let warning = "warning: +crats matches no enabled model: did you mean `carts`?\n";
    for command in ["plan", "models"] {
        let start = if command == "plan" { &START[..] } else { &[] };
        let output = fake.tool(&[&[command][..], &selection, start].concat()).success();
        assert_eq!(output.stderr, warning, "{output}");
    }
}

#[test]
fn a_part_that_may_match_nothing() {
    let fake = project(&["old_model", "state:modified+"]);
    let arguments = ["run", "--select", "+carts", "state:modified+", "--exclude", "old_model"];
    let output = fake.tool(&[&arguments[..], &START].concat()).success();
    for part in ["old_model", "state:modified+"] {
        assert!(output.stderr.contains(&format!("warning: {part} matches no enabled model\n")), "{output}");
    }
}

#[test]
fn a_part_that_matches_nothing_with_real_dbt() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::empty_with(Engine::DuckDb, dbt);
        let selection = ["--select", "+page_engagement +basket_valu", "--exclude", "no_such_model"];
        let output = lab.tool(&[&["models"][..], &selection].concat()).success();
        assert!(
            output.stdout.starts_with("page_engagement ") && output.stdout.lines().count() == 1,
            "{output}"
        );
        let warnings = [
            "warning: +basket_valu matches no enabled model: did you mean `basket_value`?\n",
            "warning: no_such_model matches no enabled model\n",
        ];
        assert_eq!(output.stderr, warnings.concat());
    }
}

/// The files that decide what becomes of dbt's warnings, and below which key.
const FLAGS: [(&str, &str); 3] =
    [("dbt_project.yml", "flags"), ("profiles.yml", "config"), ("home/.dbt/user_settings.yml", "flags")];

/// A project with flags in one of these files.
fn with_flags(dbt: Dbt, (file, key): (&str, &str), flags: &str) -> Lab {
    let mut lab = Lab::empty_with(Engine::DuckDb, dbt);
    let home = lab.project().join("home");
    lab.set("HOME", home.to_str().expect("UTF-8"));
    let text = if lab.project().join(file).exists() { lab.read(file) } else { String::new() };
    lab.write(file, &format!("{text}\n{key}: {{{flags}}}\n"));
    lab
}

/// This tool knows it from dbt's warning.
#[test]
fn a_part_that_matches_nothing_although_the_warning_is_silenced() {
    let silence = "{silence: [NoNodesForSelectionCriteria]}";
    for dbt in [NEW, PREVIOUS] {
        for place in FLAGS {
            let mut lab = with_flags(dbt, place, &format!("warn_error_options: {silence}"));
            lab.set("DBT_ENGINE_WARN_ERROR_OPTIONS", silence);
            let output = lab.tool(&["run", "--select", "+page_engagement +misspelt"]);
            let told =
                "error: a part of the selection matches nothing:\n  +misspelt matches no enabled model\n";
            assert!(output.code == 2 && output.stderr.ends_with(told), "{place:?}: {output}");
        }
    }
}

/// dbt does not take both flags.
#[test]
fn warnings_that_are_errors_stay_errors() {
    // In profiles.yml, it also makes an error of the warning that it belongs elsewhere.
    let [project, _, user] = FLAGS;
    for (dbt, place) in [(NEW, project), (NEW, user), (PREVIOUS, project)] {
        let lab = with_flags(dbt, place, "warn_error: true");
        let output = lab.tool(&["models", "--select", "+page_engagement"]).success();
        assert!(
            output.stdout.starts_with("page_engagement ") && output.stderr.is_empty(),
            "{place:?}: {output}"
        );
        let output = lab.tool(&["models", "--select", "+page_engagement +misspelt"]);
        assert!(output.code == 2 && output.stderr.contains("'+misspelt'"), "{place:?}: {output}");
    }
}

#[test]
fn names_that_dbt_masks_are_an_error() {
    let tool = |dbt| {
        let mut lab = Lab::empty_with(Engine::DuckDb, dbt);
        lab.set("DBT_ENV_SECRET_TEAM", "engagement");
        lab.tool(&["models", "--select", "+page_engagement"])
    };
    for output in [NEW, PREVIOUS].map(tool) {
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
        let masked = "model.storefront.page_*****, model.storefront.page_*****_this_run";
        assert!(output.stderr.contains(masked) && output.stderr.contains("DBT_ENV_SECRET_"), "{output}");
    }
    // dbt 1.7 masks nothing in what `dbt ls` lists.
    let output = tool(OLD).success();
    assert!(output.stdout.starts_with("page_engagement page_engagement_this_run "), "{output}");
}

#[test]
fn a_listing_that_cannot_be_read_is_an_error() {
    let mut listed = listed(&[]);
    listed["stdout"] = format!("{}{{\"uniqu*****\": \"model.faked.b\"}}\n", listing(&SELECTED)).into();
    let output = project(&[]).with(&json!({"ls": [listed]})).tool(&["models"]);
    assert!(output.code == 2 && output.stderr.contains("DBT_ENV_SECRET_"), "{output}");
}

#[test]
fn a_model_that_dbt_built_without_being_selected() {
    let surplus = [&SELECTED[..], &["intruder"]].concat();
    let fake = project(&[]).with(&json!({"run": [good_run(&surplus)]}));
    let output = fake.tool(&[&["run", "--select", "+carts", "--once"], &START[..]].concat());
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stderr.contains("not in the selection") && output.stderr.contains("model.faked.intruder"));
}
