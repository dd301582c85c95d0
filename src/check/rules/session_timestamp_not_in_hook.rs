//! An on-run-end hook that records another timestamp than the windows follow.

use crate::check::finding::Found;
use crate::check::package::{CheckedHook, CheckedPackage};
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;
use crate::snowplow::values::SESSION_TIMESTAMP;
use crate::snowplow::{Family, hook_takes_session_timestamp};

pub(super) const RULE: Rule = Rule {
    id: "session-timestamp-not-in-hook",
    title: "An on-run-end hook that records another timestamp than the windows follow",
    severity: Severity::Error,
    in_runs: InRuns::Warned,
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

fn check(subject: &Subject) -> Vec<Found> {
    // The windows of the load-time family always follow the same column.
    let packages = subject.packages.iter().filter(|package| package.package.family == Family::Session);
    packages
        .flat_map(|package| package.hooks.iter().filter_map(move |hook| of_hook(subject, package, hook)))
        .collect()
}

fn of_hook(subject: &Subject, package: &CheckedPackage, hook: &CheckedHook) -> Option<Found> {
    let set = subject.scope(package).text(SESSION_TIMESTAMP);
    let of_hook = subject.scope_of_hook(package, hook);
    let clock = facts::mixed_clocks(hook.call.as_ref()?, set, |name| of_hook.text(name), is_fixed(subject))?;
    let (because, advice) = clock.explained(&hook.dbt_package);
    let keys = subject.keys_of_var(package, SESSION_TIMESTAMP).unwrap_or_else(|| {
        if hook.dbt_package == subject.root() { vec!["on-run-end"] } else { vec!["vars"] }
    });
    let message = format!(
        "The windows of {} follow {}, but its hook records {}: {because}",
        package.name(),
        clock.of_windows,
        clock.of_hook
    );
    Some(Found::in_project(&keys, message, advice))
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
