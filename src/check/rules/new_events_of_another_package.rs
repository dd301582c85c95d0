//! A tracked model that checks another package for new events.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::{NEW_EVENTS_MACRO, Subject};
use crate::dbt::{Argument, MacroCall};

pub(super) const RULE: Rule = Rule {
    id: "new-events-of-another-package",
    title: "A tracked model that checks another package for new events",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "is_run_with_new_events compares the window with the incremental manifest of the package that \
          it is given. The model has no row in another package's incremental manifest, so it is never \
          skipped.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}\n\n\
         select * from {{ ref('page_engagement_this_run') }}\n\
         where {{ snowplow_utils.is_run_with_new_events('snowplow_media_player') }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}\n\n\
         select * from {{ ref('page_engagement_this_run') }}\n\
         where {{ snowplow_utils.is_run_with_new_events('snowplow_unified') }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    if subject.packages.len() < 2 {
        return Vec::new();
    }
    subject
        .own_tracked_incremental()
        .filter_map(|(package, node)| {
            let calls = MacroCall::find_all(&subject.live_code(node), NEW_EVENTS_MACRO);
            // A call that names the tables ignores the package.
            let by_package = calls.iter().filter(|call| call.len() == 1);
            let asked: Vec<_> = by_package
                .filter_map(|call| match call.argument(0, "package_name")? {
                    Argument::Text(name) => Some(name),
                    _ => None,
                })
                .collect();
            let known = |name: &&&String| subject.packages.iter().find(|known| known.name() == **name);
            if asked
                .iter()
                .filter_map(|name| known(&name))
                .any(|known| known.tracked.contains(&node.unique_id))
            {
                return None;
            }
            // A name that no hook has may be on purpose: the call can also name the tables.
            let other = asked.iter().find(|name| known(name).is_some())?;
            Some(Found::in_model(
                node,
                NEW_EVENTS_MACRO,
                format!(
                    "{} is tracked by {}, but asks {other} whether a run has new events",
                    node.name,
                    package.name()
                ),
                format!("Call {}", subject.new_events_call(package)),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_questions_to_the_wrong_package() {
        let mut lab = Lab::new();
        lab.package("site");
        let asks = |name: &str| format!("where {{{{ snowplow_utils.is_run_with_new_events( '{name}' ) }}}}");
        for (name, asked) in [("own", "shop"), ("home_made", "snowplow")] {
            lab.model(name, &["shop_incremental"], "incremental", &[]).code(&asks(asked));
        }
        lab.model("tracked_twice", &["shop_incremental", "site_incremental"], "incremental", &[])
            .code(&asks("site"));
        lab.model("in_a_comment", &["shop_incremental"], "incremental", &[])
            .code(&format!("{{# {0} #}} /* {0} */", asks("site")));
        lab.model("both", &["shop_incremental"], "incremental", &[]).code(&(asks("site") + &asks("shop")));
        lab.model("with_tables", &["shop_incremental"], "incremental", &[])
            .code("is_run_with_new_events('site', 'shop_limits', 'shop_manifest')");
        lab.expect_none(&RULE);
        lab.model("wrong", &["shop_incremental"], "incremental", &[]).code(&asks("site"));
        lab.model("named", &["shop_incremental"], "incremental", &[])
            .code(r#"is_run_with_new_events(package_name = "site")"#);
        lab.expect(&RULE, &["named", "wrong"]);
    }
}
