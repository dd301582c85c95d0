//! What several formats have in common: the totals and the order of the findings.

use std::cmp::Reverse;

use crate::check::finding::Finding;
use crate::check::report::Report;
use crate::output::{Paint, count};

/// The totals in a sentence.
pub(super) fn counts(report: &Report, paint: Paint) -> String {
    let parts = [(report.errors, "error"), (report.warnings, "warning"), (report.hints, "hint")];
    let parts = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(*number, what));
    let what = match parts.collect::<Vec<_>>().as_slice() {
        [] => paint.good("no findings"),
        parts => paint.bold(&parts.join(", ")),
    };
    let packages = match report.packages.as_slice() {
        [] => String::new(),
        packages => format!(" ({})", packages.join(", ")),
    };
    let ignored = match report.ignored.len() {
        0 => String::new(),
        number => format!("; {number} ignored"),
    };
    let models = count(report.models, "model");
    format!("{what} in {models} of {}{packages}, by {}{ignored}", report.project, count(report.rules, "rule"))
}

/// The findings, errors first, otherwise in their order.
pub(super) fn errors_first(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<_> = report.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}
