//! `dbt ls`: what it lists, and why it lists nothing.

use serde_json::{Value, json};

use crate::dbt_2::world::RUN;
use crate::support::Output;
use crate::support::dbt_2::{dbt_2, recording, warned};

fn models(list: &Value, arguments: &[&str]) -> Output {
    let fake = dbt_2(&json!({"ls": [list]}));
    let output = fake.tool(&[&["models", "--target", "staging"], arguments].concat());
    assert_eq!(warned(&fake), "");
    output
}

#[test]
fn models_to_run_are_those_of_dbt_1() {
    let output = models(&recording("ls"), &["--select", "+page_engagement+"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for model in ["page_engagement", "page_engagement_this_run", "engaged_visitors", "snowplow_shop_carts"] {
        assert!(output.stdout.split_whitespace().any(|word| word == model), "{}", output.stdout);
    }
    assert!(!output.stderr.contains("is expected if you are compiling"), "{}", output.stderr);
}

/// What it says, and nothing of what dbt says at every call.
fn fails_alone(output: &Output, code: i32, said: &[&str]) {
    assert_eq!(output.code, code, "{output}");
    for text in said {
        assert!(output.stderr.contains(text), "{text}: {output}");
    }
    for noise in ["is expected if you are compiling", "Errors and Warnings", "suggestion:", "[error]"] {
        assert!(!output.stderr.contains(noise), "{noise}: {output}");
    }
}

#[test]
fn failures_show_their_errors_alone() {
    for (name, kind, said) in [
        ("ls-selector", "the selection is not valid", "Unknown selector `nobody`"),
        (
            "ls-target",
            "the profile or the target is missing or not valid",
            "target 'nowhere' not found in profile",
        ),
        ("ls-unknown-config", "the project or its configuration is not valid", "Ignored unexpected key"),
    ] {
        for command in [&["models"][..], &["plan"], &["run"], &["promote", "--to", "prod"]] {
            let fake = dbt_2(&json!({"ls": [recording(name)]}));
            let output =
                fake.tool(&[command, &["--target", "staging", "--select", "+page_engagement+"]].concat());
            fails_alone(&output, 2, &[kind, said]);
        }
    }
    let fake = dbt_2(&json!({"parse": [recording("ls-unknown-config")]}));
    fails_alone(&fake.tool(&["check", "--parse"]), 2, &["Ignored unexpected key"]);
    let advice = models(&recording("ls-unknown-config"), &["--select", "+page_engagement+"]).stderr;
    assert!(advice.contains("move them below `meta`"), "{advice}");
}

#[test]
fn nothing_is_selected() {
    let output = models(&recording("ls-nothing"), &["--select", "nothing_here"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("nothing_here matches no enabled model"), "{}", output.stderr);
}

#[test]
fn an_option_that_dbt_2_does_not_have() {
    let fake = dbt_2(&json!({"ls": [recording("ls-unknown-option")]}));
    let output = fake.tool(&[&RUN[..], &["--", "--bogus"]].concat());
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("unexpected argument '--bogus' found"), "{}", output.stderr);
}
