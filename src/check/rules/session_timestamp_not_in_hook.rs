//! Windows by one clock, the incremental manifest by another.

use crate::check::finding::Found;
use crate::check::package::{CheckedHook, CheckedPackage};
use crate::check::rule::{Check, Example, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Argument;
use crate::snowplow::{Family, hook_takes_session_timestamp};

pub(super) const RULE: Rule = Rule {
    id: "session-timestamp-not-in-hook",
    title: "Windows by one clock, the incremental manifest by another",
    severity: Severity::Error,
    why: "Windows go by snowplow__session_timestamp; where a package's hook records the time of another column (that of \
          media_player reads the var snowplow__session_tstamp), windows of one clock begin at times of another and skip events, \
          or never move on.",
    wrong: Example::yaml("vars:\n  snowplow_media_player:\n    snowplow__session_timestamp: load_tstamp"),
    right: Example::yaml(
        "vars:\n  snowplow_media_player:\n    snowplow__session_timestamp: load_tstamp\n    \
         snowplow__session_tstamp: load_tstamp  # what the package's hook reads",
    ),
    check: Check::Plain(check),
};

const WINDOWS: &str = "snowplow__session_timestamp";

/// What the packages do without the var.
const DEFAULT: &str = "collector_tstamp";

/// What the hook's macro does without the var.
const DEFAULT_OF_MACRO: &str = "load_tstamp";

fn check(subject: &Subject) -> Vec<Found> {
    // The load-time family goes by one fixed column.
    let packages = subject.packages.iter().filter(|package| package.package.family == Family::Session);
    packages
        .flat_map(|package| package.hooks.iter().filter_map(move |hook| of_hook(subject, package, hook)))
        .collect()
}

fn of_hook(subject: &Subject, package: &CheckedPackage, hook: &CheckedHook) -> Option<Found> {
    let scope = subject.scope(package);
    let scope_of_hook = subject.scope_of_hook(package, hook);
    let set = scope.text(WINDOWS);
    let (of_hook, reads) = match hook.call.as_ref()?.argument(3, "session_timestamp") {
        // What the windows of such a package go by without the var only its models can tell.
        Some(Argument::Text(column)) => (set.is_some().then(|| column.clone())?, None),
        None if is_fixed(subject) => (set.is_some().then(|| DEFAULT.to_owned())?, None),
        None => {
            let own = scope_of_hook.text(WINDOWS).unwrap_or_else(|| DEFAULT_OF_MACRO.to_owned());
            (set.is_some().then_some(own)?, None)
        }
        Some(Argument::Var { name, default }) => {
            let default = match default.as_deref() {
                Some(Argument::Text(default)) => default,
                Some(_) => return None,
                None => DEFAULT,
            };
            if name == WINDOWS && set.is_none() {
                return None;
            }
            (scope_of_hook.text(name).unwrap_or_else(|| default.to_owned()), Some(name))
        }
        Some(Argument::Other) => return None,
    };
    let of_windows = set.unwrap_or_else(|| DEFAULT.to_owned());
    if of_hook == of_windows {
        return None;
    }
    let (because, advice) = match reads {
        Some(name) if name != WINDOWS => (
            format!("it reads the var {name}"),
            format!("Set {name} to {of_windows} too, or {WINDOWS} back to {of_hook}"),
        ),
        Some(_) => (
            format!("the var is another one for {}, which calls it", hook.dbt_package),
            format!("Set {WINDOWS} for all packages alike"),
        ),
        None => {
            let given =
                hook.call.as_ref().is_some_and(|call| call.argument(3, "session_timestamp").is_some());
            let because = if given { "that is what it is given" } else { "it is given no session_timestamp" };
            (
                because.to_owned(),
                format!(
                    "Give the hook session_timestamp=var('{WINDOWS}'), and set that var for all packages alike"
                ),
            )
        }
    };
    let keys = subject.keys_of_var(package, WINDOWS);
    let keys = keys.unwrap_or_else(|| {
        if hook.dbt_package == subject.root() { vec!["on-run-end"] } else { vec!["vars"] }
    });
    Some(Found::in_project(
        &keys,
        format!(
            "The windows of {} go by {of_windows}, but its hook records {of_hook}: {because}",
            package.name()
        ),
        advice,
    ))
}

/// Whether the hook's macro is so old that it records one column always.
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
            &["The windows of shop go by load_tstamp, but its hook records collector_tstamp: it reads the var snowplow__session_tstamp"],
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
        // In the package's own scope the macro's default reads the package's var.
        lab.hook_code("shop", &hook("'shop'"));
        lab.expect_none(&RULE);
        lab.hook_code("shop", &hook("'shop', session_timestamp='load_tstamp'"));
        lab.expect_messages(
            &RULE,
            &["The windows of shop go by collector_tstamp, but its hook records load_tstamp: that is what it is given"],
        );
        lab.vars("{}");
        lab.expect_none(&RULE);

        lab.vars("shop: {snowplow__session_timestamp: load_tstamp}");
        lab.hook_code("shop", &hook("'shop'"));
        lab.expect_none(&RULE);
        lab.utils_version("0.15.0");
        lab.expect_messages(
            &RULE,
            &["The windows of shop go by load_tstamp, but its hook records collector_tstamp: it is given no session_timestamp"],
        );

        // A hook of the root project's sees the root project's vars.
        let mut lab = Lab::without_packages();
        lab.package("shop");
        lab.drop_hook("shop");
        lab.hook("store", "shop");
        lab.vars("shop: {snowplow__session_timestamp: collector_tstamp}");
        lab.expect_messages(
            &RULE,
            &["The windows of shop go by collector_tstamp, but its hook records load_tstamp: it is given no session_timestamp"],
        );
        lab.hook_code(
            "store",
            &hook("'shop', session_timestamp=var('snowplow__session_timestamp', 'load_tstamp')"),
        );
        lab.expect_messages(
            &RULE,
            &["The windows of shop go by collector_tstamp, but its hook records load_tstamp: the var is another one for \
               store, which calls it"],
        );
        lab.vars("snowplow__session_timestamp: collector_tstamp");
        lab.expect_none(&RULE);
    }

    #[test]
    fn points_at_the_line_that_counts() {
        let mut lab = Lab::new();
        let code = "{{ snowplow_utils.snowplow_incremental_post_hook('shop', session_timestamp=var('snowplow__session_tstamp', \
                    'collector_tstamp')) }}";
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
