//! Whether a `dbt run` was good, and why not.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnosis;
use super::process::Exit;
use super::run_output::{RunOutput, name_in};
use crate::dbt::artifacts::run_results::{NodeResult, RunResults, Status};
use crate::failure::{Complaint, Failure, FailureKind};

/// Why the run was not good. A good run has exit code 0, and artifacts of this very call in which every
/// expected model is a success, and no other model.
pub(super) fn judge(
    exit: Exit,
    results: Option<&RunResults>,
    output: &RunOutput,
    expected: &BTreeSet<String>,
) -> Option<Failure> {
    let Some(results) = results else {
        return Some(if exit.is_success() {
            unproven(exit, "dbt wrote no run_results.json".into())
        } else {
            // `dbt ls` has read this project before, so it is not the project alone.
            let usual = if output.has_failed_hook { FailureKind::Hook } else { FailureKind::Run };
            diagnosis::from_output("dbt run", exit, &output.most_telling(), usual, None)
        });
    };
    let models = complaints(results, NodeResult::is_model);
    if !models.is_empty() {
        return Some(failure(exit, FailureKind::Model, models));
    }
    let hooks = complaints(results, NodeResult::is_hook);
    if !hooks.is_empty() {
        return Some(failure(exit, kind_of_hooks(&hooks), hooks));
    }
    if let Exit::Signal(_) = exit {
        return Some(diagnosis::from_output(
            "dbt run",
            exit,
            &output.most_telling(),
            FailureKind::Silent,
            None,
        ));
    }
    if !exit.is_success() {
        // No model failed, so it was a hook: one that does not compile, or any hook of dbt 1.8 and older.
        let complaint = Complaint { node: None, message: output.most_telling() };
        return Some(failure(exit, kind_of_hooks(std::slice::from_ref(&complaint)), vec![complaint]));
    }
    let missing = not_built(results, expected);
    if !missing.is_empty() {
        let message = format!("dbt reports no success for these selected models: {}", missing.join(", "));
        return Some(unproven(exit, message));
    }
    let surplus = not_selected(results, expected);
    let message = || {
        format!(
            "dbt built models that are not in the selection as dbt ls listed it, so their packages do not know \
             of them: {}",
            surplus.join(", ")
        )
    };
    (!surplus.is_empty()).then(|| unproven(exit, message()))
}

/// A hook can say that the project is not set up: the packages' hooks ask for the consent to their licence.
fn kind_of_hooks(complaints: &[Complaint]) -> FailureKind {
    let usage = complaints.iter().find_map(|complaint| diagnosis::usage_by_words(&complaint.message));
    usage.unwrap_or(FailureKind::Hook)
}

fn failure(exit: Exit, kind: FailureKind, complaints: Vec<Complaint>) -> Failure {
    let hint = complaints.iter().find_map(|complaint| diagnosis::hint(kind, &complaint.message));
    Failure { call: "dbt run".into(), kind, exit: exit.to_string(), complaints, log: None, hint }
}

fn unproven(exit: Exit, message: String) -> Failure {
    failure(exit, FailureKind::Unproven, vec![Complaint { node: None, message }])
}

/// What dbt says about the nodes of one kind that failed.
fn complaints(results: &RunResults, is_of_kind: fn(&NodeResult) -> bool) -> Vec<Complaint> {
    let failed = results.results.iter().filter(|result| result.status == Status::Error && is_of_kind(result));
    failed
        .map(|result| Complaint {
            node: Some(result.unique_id.clone()),
            message: result.message.clone().unwrap_or_default(),
        })
        .collect()
}

/// The expected models that are no success in the artifacts, with dbt's word for what they are.
fn not_built(results: &RunResults, expected: &BTreeSet<String>) -> Vec<String> {
    let told: BTreeMap<_, _> = results.results.iter().map(|result| (&result.unique_id, result)).collect();
    let missing = expected.iter().filter(|id| !told.get(id).is_some_and(|result| result.is_built()));
    let status = |id: &String| match told.get(id).map(|result| &result.status) {
        None | Some(Status::Success | Status::Warn | Status::Error) => String::new(),
        Some(Status::Skipped) => " (skipped)".to_owned(),
        Some(Status::Other(word)) => format!(" ({word})"),
    };
    missing.map(|id| format!("{id}{}", status(id))).collect()
}

/// The models that were built without being expected.
fn not_selected<'r>(results: &'r RunResults, expected: &BTreeSet<String>) -> Vec<&'r str> {
    let built = results.results.iter().filter(|result| result.status != Status::Skipped && result.is_model());
    built.map(|result| result.unique_id.as_str()).filter(|id| !expected.contains(*id)).collect()
}

/// The tracked models that were built, but with a warning: Snowplow's packages do not record them, so no run can
/// bring them up to date.
pub(super) fn not_recorded(
    output: &RunOutput,
    results: &RunResults,
    tracked: &BTreeSet<&str>,
    exit: Exit,
) -> Option<Failure> {
    let warned = results.results.iter().filter(|result| {
        result.is_model() && result.status == Status::Warn && tracked.contains(name_in(&result.unique_id))
    });
    let complaints: Vec<_> = warned
        .map(|result| {
            let told = output.warnings.get(&result.unique_id);
            let message = told.map_or("dbt does not say what it warns of", String::as_str);
            Complaint { node: Some(result.unique_id.clone()), message: message.to_owned() }
        })
        .collect();
    (!complaints.is_empty()).then(|| failure(exit, FailureKind::NotRecorded, complaints))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(nodes: &[(&str, &str)]) -> RunResults {
        let results: Vec<_> = nodes
            .iter()
            .map(|(id, status)| serde_json::json!({"unique_id": id, "status": status, "message": format!("{id}: \
                                                                                                          {status}")}))
            .collect();
        serde_json::from_value(serde_json::json!({"metadata": {}, "results": results})).expect("run results")
    }

    fn kind(exit: i32, nodes: Option<&[(&str, &str)]>, complaint: &str) -> Option<FailureKind> {
        let output = RunOutput { complaints: vec![complaint.to_owned()], ..RunOutput::default() };
        let expected = BTreeSet::from(["model.p.a".to_owned(), "model.p.b".to_owned()]);
        judge(Exit::Code(exit), nodes.map(results).as_ref(), &output, &expected).map(|failure| failure.kind)
    }

    #[test]
    fn a_good_run_needs_proof() {
        let both = [("model.p.a", "success"), ("model.p.b", "success"), ("operation.p.h", "success")];
        assert_eq!(kind(0, Some(&both), ""), None);
        assert_eq!(kind(0, None, ""), Some(FailureKind::Unproven));
        assert_eq!(kind(0, Some(&both[..1]), ""), Some(FailureKind::Unproven));
        let surplus = ("model.p.c", "success");
        assert_eq!(kind(0, Some(&[both[0], both[1], surplus]), ""), Some(FailureKind::Unproven));
        assert_eq!(
            kind(0, Some(&[("model.p.a", "success"), ("model.p.b", "skipped")]), ""),
            Some(FailureKind::Unproven)
        );
    }

    #[test]
    fn tells_models_hooks_project_and_connection_apart() {
        let both = [("model.p.a", "success"), ("model.p.b", "success")];
        assert_eq!(
            kind(1, Some(&[("model.p.a", "error"), ("model.p.b", "skipped")]), ""),
            Some(FailureKind::Model)
        );
        assert_eq!(
            kind(1, Some(&[both[0], both[1], ("operation.p.h", "error")]), ""),
            Some(FailureKind::Hook)
        );
        assert_eq!(kind(2, Some(&both), "No enabled models identified."), Some(FailureKind::Hook));
        assert_eq!(
            kind(2, Some(&both), "Please set snowplow__license_accepted to true"),
            Some(FailureKind::Setup)
        );
        assert_eq!(kind(2, None, "Compilation Error"), Some(FailureKind::Run));
        assert_eq!(kind(2, None, "Invalid selector spec"), Some(FailureKind::Selection));
        assert_eq!(kind(2, None, "could not connect to server"), Some(FailureKind::Connection));
    }
}
