//! Windows by one clock, the incremental manifest by another.

use regex::Regex;

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::Subject;

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
    number: None,
    check,
};

const WINDOWS: &str = "snowplow__session_timestamp";

/// What the packages do without the var.
const DEFAULT: &str = "collector_tstamp";

fn check(subject: &Subject) -> Vec<Found> {
    let pattern = r#"var\(\s*['"](snowplow__session_t\w+)['"]\s*(?:,\s*['"](\w+)['"]\s*)?\)"#;
    let pattern = Regex::new(pattern).expect("a valid pattern");
    let mut found = Vec::new();
    for package in &subject.packages {
        let scope = subject.scope(package);
        let of_windows = scope.text(WINDOWS).unwrap_or_else(|| DEFAULT.to_owned());
        for hook in package.hooks.iter().filter_map(|id| subject.node(id)) {
            let Some(read) = pattern.captures(&hook.raw_code) else { continue };
            let name = &read[1];
            let default = read.get(2).map_or(DEFAULT, |default| default.as_str());
            let of_hook = scope.text(name).unwrap_or_else(|| default.to_owned());
            if name != WINDOWS && of_hook != of_windows {
                found.push(Found::in_project(
                    &["vars", &package.package.dbt_package, WINDOWS],
                    format!(
                        "The windows of {} go by {of_windows}, but its hook records {of_hook}: it reads the var {name}",
                        package.name()
                    ),
                    format!("Set {name} to {of_windows} too, or {WINDOWS} back to {of_hook}"),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

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
}
