//! A package of the load-time family with a snowplow_utils before 1.0.1.

use crate::check::finding::{Found, list};
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::{Family, load_family_heals};

pub(super) const RULE: Rule = Rule {
    id: "utils-too-old",
    title: "A package of the load-time family with a snowplow_utils before 1.0.1",
    severity: Severity::Warn,
    in_runs: InRuns::Refused,
    why: "Before snowplow_utils 1.0.1, a package whose windows follow load_tstamp cannot get back into \
          sync after one of its models has failed. A window leaves out its last event, so the model that \
          is behind never catches up, and no model of the package makes progress.",
    wrong: Example::yaml("packages:\n  - package: snowplow/snowplow_utils\n    version: 1.0.0"),
    right: Example::yaml(
        "packages:\n  - package: snowplow/snowplow_utils\n    version: [\">=1.0.1\", \"<2.0.0\"]",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let of_family = subject.packages.iter().filter(|package| package.package.family == Family::Load);
    let names: Vec<_> = of_family.map(CheckedPackage::name).collect();
    let Some(version) = subject.utils_version.as_deref().filter(|version| !load_family_heals(version)) else {
        return Vec::new();
    };
    if names.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "snowplow_utils {version} is installed: with it, {} cannot get back into sync after a model has \
         failed",
        list(names)
    );
    let advice = "Install snowplow_utils 1.0.1 or newer, and run `dbt deps`".to_owned();
    vec![Found::in_packages(subject, "snowplow_utils", message, advice)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_versions_that_get_stuck() {
        let mut lab = Lab::new();
        lab.utils_version("1.0.0");
        lab.expect_none(&RULE);
        lab.load_package("signals");
        lab.expect_messages(
            &RULE,
            &["snowplow_utils 1.0.0 is installed: with it, signals cannot get back into sync after a model \
               has failed"],
        );
        lab.utils_version("1.0.1");
        lab.expect_none(&RULE);
    }
}
