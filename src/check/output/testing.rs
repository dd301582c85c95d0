//! A report with one finding of each kind.

use super::root::Root;
use crate::check::finding::{Finding, Model};
use crate::check::report::{IgnoredBy, Report, Suppressed};
use crate::check::severity::Severity;

pub(super) fn root() -> Root {
    Root { project: "/repository/analytics/dbt".into(), base: "/repository".into() }
}

pub(super) fn report() -> Report {
    let model = |name: &str| Some(Model { name: name.into(), unique_id: format!("model.store.{name}") });
    let finding = Finding {
        rule: "ephemeral-tracked-model",
        severity: Severity::Error,
        model: model("never"),
        file: "models/a b,c/never.sql".into(),
        line: Some(3),
        message: "never is ephemeral: 100% <wrong> & \"odd\"\u{1}".into(),
        advice: "Make it a table".into(),
    };
    let warning = Finding {
        rule: "backfill-limit-left-in-project",
        severity: Severity::Warn,
        model: None,
        file: "dbt_project.yml".into(),
        line: None,
        message: "the limit is 365".into(),
        advice: "Lower it".into(),
    };
    let ignored = Suppressed {
        finding: Finding {
            rule: "alias-differs-from-name",
            model: model("old"),
            file: "models/old.sql".into(),
            ..warning.clone()
        },
        reason: "known by its old name".into(),
        by: IgnoredBy::Configuration,
    };
    Report {
        project: "store".into(),
        dbt_version: "1.11.16".into(),
        packages: vec!["shop".into()],
        models: 7,
        rules: 26,
        off: vec!["hook-duplicated"],
        errors: 1,
        warnings: 1,
        hints: 0,
        findings: vec![warning, finding],
        ignored: vec![ignored],
        notes: vec!["the dbt manifest is old".into()],
    }
}

pub(super) fn clean() -> Report {
    Report { errors: 0, warnings: 0, hints: 0, findings: vec![], ignored: vec![], notes: vec![], ..report() }
}

/// The warning, as a hint.
pub(super) fn hint() -> Report {
    let mut report = report();
    report.findings.truncate(1);
    report.findings[0].severity = Severity::Hint;
    Report { errors: 0, warnings: 0, hints: 1, ..report }
}

/// A finding in a file that is not in the repository.
pub(super) fn elsewhere() -> Report {
    let mut report = report();
    report.findings.truncate(1);
    report.findings[0].file = "/opt/dbt_packages/shop/models/a.sql".into();
    report.findings[0].line = Some(7);
    report
}
