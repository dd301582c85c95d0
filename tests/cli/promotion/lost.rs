//! `--apply` and `--rollback` on Postgres, whose server ends the connection at a statement: prod holds all or
//! nothing, and what the tool says to do next works.

use serde_json::Value;

use super::client::Client;
use super::dump::{assert_same, dump, visible};
use super::shop;
use crate::support::{Engine, Lab, Output};

/// Where the connection is lost.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// A statement is not sent yet.
    Before(usize),
    /// It is done, and the answer does not arrive.
    After(usize),
}

/// Places in a script: its first statements, its middle, and both sides of its commit. Which of the others it
/// is makes no difference to the tool; the scripts themselves are stopped at every one.
fn places(script: &Value) -> Vec<Loss> {
    let commit = commit_of(script);
    vec![
        Loss::Before(0),
        Loss::Before(1),
        Loss::Before(commit / 2),
        Loss::Before(commit),
        Loss::After(commit),
    ]
}

fn look(lab: &Lab) -> String {
    visible(&dump(&mut Client::new(lab.place()), lab.place().engine()))
}

fn arguments<'a>(to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["promote"], &shop::SELECT[..], &["--to", to], more].concat()
}

/// A call whose connection is lost.
fn losing(lab: &Lab, arguments: &[&str], loss: Loss) -> Output {
    let mut command = lab.tool_command(arguments);
    match loss {
        Loss::Before(place) => command.env("LOSE_BEFORE", place.to_string()),
        Loss::After(place) => command.env("LOSE_AFTER", place.to_string()),
    };
    let output = Output::from(command.output().expect("the tool"));
    assert_eq!(output.code, 1, "{loss:?}: {output}");
    output
}

/// Loses the connection of a call that goes from one state to another, and continues as the user is told to.
fn lost_anywhere(lab: &Lab, call: &[&str], script: &Value, (before, after): (&str, &str), back: &[&str]) {
    for loss in places(script) {
        let what = format!("{call:?}: {loss:?}");
        let output = losing(lab, call, loss);
        match loss {
            Loss::Before(place) => {
                assert_same(&look(lab), before, &what);
                let is_doubted = place == commit_of(script);
                assert_eq!(output.stderr.contains("It is not known whether"), is_doubted, "{what}: {output}");
            }
            Loss::After(_) => {
                assert_same(&look(lab), after, &what);
                assert!(output.stderr.contains("It is not known whether"), "{what}: {output}");
            }
        }
        if let Loss::Before(_) = loss {
            lab.tool(call).success();
            assert_same(&look(lab), after, &format!("{what}, again"));
        }
        lab.tool(back).success();
        assert_same(&look(lab), before, &format!("{what}, and back"));
    }
}

#[test]
fn the_connection_of_a_promotion_is_lost() {
    let lab = shop::lab(&shop::before(Engine::Postgres));
    let to = lab.target("prod");
    let back = ["promote", "--to", &to, "--rollback"];
    let first = arguments(&to, &["--apply"]);
    let empty = look(&lab);
    let (document, _) = shop::promote(&lab, &[]);
    lab.tool(&first).success();
    let promoted = look(&lab);
    lab.tool(&back).success();
    assert_same(&look(&lab), &empty, "taken back");
    lost_anywhere(&lab, &first, &document["promote"], (&empty, &promoted), &back);
}

#[test]
fn the_connection_of_a_replacement_and_of_its_rollback_is_lost() {
    let lab = shop::lab(&shop::before(Engine::Postgres));
    let to = lab.target("prod");
    let back = ["promote", "--to", &to, "--rollback"];
    lab.tool(&arguments(&to, &["--apply"])).success();
    let promoted = look(&lab);
    let second = arguments(&to, &["--replace", "--apply"]);
    let (document, _) = shop::promote(&lab, &["--replace"]);
    let commit = commit_of(&document["promote"]);

    for loss in [Loss::Before(1), Loss::Before(commit), Loss::After(commit)] {
        losing(&lab, &second, loss);
        if matches!(loss, Loss::Before(_)) {
            assert_same(&look(&lab), &promoted, &format!("{loss:?}"));
            lab.tool(&second).success();
        }
        let replaced = look(&lab);
        assert!(replaced.contains("__bk_"), "{loss:?}: {replaced}");

        // Its rollback: nothing, or all of it; the next one finishes it either way.
        let commit = commit_of(&document["rollback"]);
        let of_rollback = match loss {
            Loss::Before(1) => Loss::Before(2),
            Loss::Before(_) => Loss::Before(commit),
            Loss::After(_) => Loss::After(commit),
        };
        let output = losing(&lab, &back, of_rollback);
        let left = if matches!(of_rollback, Loss::Before(_)) { &replaced } else { &promoted };
        assert_same(&look(&lab), left, &format!("the rollback: {of_rollback:?}"));
        assert!(output.stderr.contains("run --rollback again"), "{output}");
        lab.tool(&back).success();
        assert_same(&look(&lab), &promoted, &format!("the rollback: {of_rollback:?}, again"));
    }
}

fn commit_of(script: &Value) -> usize {
    let statements = script.as_array().expect("statements");
    statements.iter().position(|statement| statement["kind"] == "commit").expect("a commit")
}
