//! An on-run-end hook that records another timestamp than the windows follow.

use crate::check::finding::Found;
use crate::check::package::{CheckedHook, CheckedPackage};
use crate::check::rule::{Check, Example, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::{Argument, holds_jinja};
use crate::snowplow::{Family, hook_takes_session_timestamp};

pub(super) const RULE: Rule = Rule {
    id: "session-timestamp-not-in-hook",
    title: "An on-run-end hook that records another timestamp than the windows follow",
    severity: Severity::Error,
    why: "The windows of a package follow the column in snowplow__session_timestamp. If its hook records \
          the time of another column, windows can skip events, or never move on. The hook of \
          media_player, for example, reads the var snowplow__session_tstamp.",
    wrong: Example::yaml("vars:\n  snowplow_media_player:\n    snowplow__session_timestamp: load_tstamp"),
    right: Example::yaml(
        "vars:\n  snowplow_media_player:\n    snowplow__session_timestamp: load_tstamp\n    \
         snowplow__session_tstamp: load_tstamp  # what the package's hook reads",
    ),
    check: Check::Plain(check),
};

const WINDOWS: &str = "snowplow__session_timestamp";

/// The column of the windows if the var is not set.
const DEFAULT: &str = "collector_tstamp";

/// The column that the hook's macro records if the var is not set.
const DEFAULT_OF_MACRO: &str = "load_tstamp";

fn check(subject: &Subject) -> Vec<Found> {
    // The windows of the load-time family always follow the same column.
    let packages = subject.packages.iter().filter(|package| package.package.family == Family::Session);
    packages
        .flat_map(|package| package.hooks.iter().filter_map(move |hook| of_hook(subject, package, hook)))
        .collect()
}

fn of_hook(subject: &Subject, package: &CheckedPackage, hook: &CheckedHook) -> Option<Found> {
    let argument = hook.call.as_ref()?.argument(3, "session_timestamp");
    let set = subject.scope(package).text(WINDOWS);
    let of_hook = recorded_by(subject, package, hook, argument, set.is_some())?;
    let of_windows = set.unwrap_or_else(|| DEFAULT.to_owned());
    if of_hook == of_windows || [&of_hook, &of_windows].into_iter().any(|column| holds_jinja(column)) {
        return None;
    }
    let (because, advice) = match argument {
        Some(Argument::Var { name, .. }) if name != WINDOWS => (
            format!("it reads the var {name}"),
            format!("Set {name} to {of_windows} too, or change {WINDOWS} back to {of_hook}"),
        ),
        Some(Argument::Var { .. }) => (
            format!("this var has another value in {}, which calls the hook", hook.dbt_package),
            format!("Set {WINDOWS} to the same value for all packages"),
        ),
        Some(_) => ("that is its session_timestamp".to_owned(), pass_the_var()),
        None => ("it gets no session_timestamp".to_owned(), pass_the_var()),
    };
    let keys = subject.keys_of_var(package, WINDOWS).unwrap_or_else(|| {
        if hook.dbt_package == subject.root() { vec!["on-run-end"] } else { vec!["vars"] }
    });
    let name = package.name();
    let message =
        format!("The windows of {name} follow {of_windows}, but its hook records {of_hook}: {because}");
    Some(Found::in_project(&keys, message, advice))
}

/// The column that a hook records; none if it is unknown, or if only the models can tell which column
/// the windows follow.
fn recorded_by(
    subject: &Subject,
    package: &CheckedPackage,
    hook: &CheckedHook,
    argument: Option<&Argument>,
    is_set: bool,
) -> Option<String> {
    let scope = subject.scope_of_hook(package, hook);
    match argument {
        Some(Argument::Text(column)) => is_set.then(|| column.clone()),
        None if is_fixed(subject) => is_set.then(|| DEFAULT.to_owned()),
        None if is_set => Some(scope.text(WINDOWS).unwrap_or_else(|| DEFAULT_OF_MACRO.to_owned())),
        Some(Argument::Var { name, default }) => {
            let default = match default.as_deref() {
                Some(Argument::Text(default)) => default,
                Some(_) => return None,
                None => DEFAULT,
            };
            let says_something = name != WINDOWS || is_set;
            says_something.then(|| scope.text(name).unwrap_or_else(|| default.to_owned()))
        }
        None | Some(Argument::Other) => None,
    }
}

fn pass_the_var() -> String {
    format!(
        "Pass session_timestamp=var('{WINDOWS}') to the hook, and set that var to the same value for all \
         packages"
    )
}

/// Whether the hook's macro is so old that it always records the same column.
fn is_fixed(subject: &Subject) -> bool {
    subject.utils_version.as_deref().is_some_and(|version| !hook_takes_session_timestamp(version))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::check::finding::Place;

    #[test]
    fn finds_hooks_that_read_another_var() {
        let mut lab = Lab::new();
        let hook = |var: &str| {
            format!("{{{{ snowplow_utils.snowplow_incremental_post_hook('shop', 'm', 'e', {var}) }}}}")
        };
        lab.vars("shop: {snowplow__session_timestamp: load_tstamp}");
        lab.expect_none(&RULE);
        lab.hook_code("shop", &hook(r#"var("snowplow__session_timestamp", "collector_tstamp")"#));
        lab.expect_none(&RULE);
        lab.hook_code("shop", &hook(r#"var("snowplow__session_tstamp", "collector_tstamp")"#));
        lab.expect_messages(
            &RULE,
            &["The windows of shop follow load_tstamp, but its hook records collector_tstamp: it reads the \
               var snowplow__session_tstamp"],
        );
        lab.vars("{snowplow__session_tstamp: load_tstamp, shop: {snowplow__session_timestamp: load_tstamp}}");
        lab.expect_none(&RULE);
        lab.vars("{}");
        lab.expect_none(&RULE);
    }

    #[test]
    fn finds_hooks_that_are_given_another_column_or_none() {
        let mut lab = Lab::new();
        lab.vars("shop: {snowplow__session_timestamp: collector_tstamp}");
        let hook =
            |arguments: &str| format!("{{{{ snowplow_utils.snowplow_incremental_post_hook({arguments}) }}}}");
        lab.hook_code("shop", &hook("'shop', session_timestamp='collector_tstamp'"));
        lab.expect_none(&RULE);
        // A hook in the package sees the package's var, which the macro reads by default.
        lab.hook_code("shop", &hook("'shop'"));
        lab.expect_none(&RULE);
        lab.hook_code("shop", &hook("'shop', session_timestamp='load_tstamp'"));
        lab.expect_messages(
            &RULE,
            &["The windows of shop follow collector_tstamp, but its hook records load_tstamp: that is its \
               session_timestamp"],
        );
        lab.vars("{}");
        lab.expect_none(&RULE);

        lab.vars("shop: {snowplow__session_timestamp: load_tstamp}");
        lab.hook_code("shop", &hook("'shop'"));
        lab.expect_none(&RULE);
        lab.utils_version("0.15.0");
        lab.expect_messages(
            &RULE,
            &["The windows of shop follow load_tstamp, but its hook records collector_tstamp: it gets no \
               session_timestamp"],
        );

        // A hook in the root project sees the root project's vars.
        let mut lab = Lab::without_packages();
        lab.package("shop");
        lab.drop_hook("shop");
        lab.hook("store", "shop");
        lab.vars("shop: {snowplow__session_timestamp: collector_tstamp}");
        lab.expect_messages(
            &RULE,
            &["The windows of shop follow collector_tstamp, but its hook records load_tstamp: it gets no \
               session_timestamp"],
        );
        lab.hook_code(
            "store",
            &hook("'shop', session_timestamp=var('snowplow__session_timestamp', 'load_tstamp')"),
        );
        lab.expect_messages(
            &RULE,
            &["The windows of shop follow collector_tstamp, but its hook records load_tstamp: this var has \
               another value in store, which calls the hook"],
        );
        lab.vars("snowplow__session_timestamp: collector_tstamp");
        lab.expect_none(&RULE);
    }

    #[test]
    fn points_at_the_line_that_counts() {
        let mut lab = Lab::new();
        let code = "{{ snowplow_utils.snowplow_incremental_post_hook('shop', \
                    session_timestamp=var('snowplow__session_tstamp', 'collector_tstamp')) }}";
        lab.hook_code("shop", code);
        for (vars, expected) in [
            ("snowplow__session_timestamp: load_tstamp", &["vars", "snowplow__session_timestamp"][..]),
            (
                "{snowplow__session_timestamp: x, shop: {snowplow__session_timestamp: load_tstamp}}",
                &["vars", "shop", "snowplow__session_timestamp"],
            ),
        ] {
            lab.vars(vars);
            let found = lab.check(&RULE).remove(0);
            assert!(matches!(&found.place, Place::Project { keys } if keys == expected), "{:?}", found.place);
        }
    }
}
