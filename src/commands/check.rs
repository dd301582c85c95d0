//! `check`: what breaks incremental Snowplow models, without a warehouse.

use std::io::{self, Write};

use anyhow::{Context, Result, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_yaml::{Mapping, Value};

use super::output::Output;
use super::prepare::Setup;
use crate::check::{self, Format, RuleSettings, Subject, View};
use crate::cli::{ALL_RULES, CheckArgs, SelectionArgs};
use crate::config;
use crate::dbt::{Graph, Interrupt, PROJECT_FILE, Project, Vars};
use crate::event::Event;
use crate::outcome::Outcome;
use crate::report::Paint;

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a dbt manifest that cannot be read; dbt's failure with `--parse`.
pub fn run(args: &CheckArgs) -> Result<Outcome> {
    if args.rules.list_rules {
        print(&check::list())?;
        return Ok(Outcome::Done);
    }
    if let Some(rule) = &args.rules.explain {
        let text = match rule.as_str() {
            ALL_RULES => check::page(),
            id => check::explain(check::known_rule(id)?),
        };
        print(&text)?;
        return Ok(Outcome::Done);
    }
    let directory = std::env::current_dir().context("cannot tell the working directory")?;
    let directory = Utf8PathBuf::try_from(directory).context("the working directory's name is not UTF-8")?;
    let project = Project::find(args.dbt.project_dir.as_deref(), &directory)?;
    let vars = Vars::parse(args.dbt.vars.as_deref().unwrap_or_default())?;
    let settings = rule_settings(&project, &directory)?;

    let mut output = Output::quiet(args.verbose);
    let manifest = match (args.checked.parse, &args.checked.manifest) {
        (true, _) => parsed(args, &mut output)?,
        (false, Some(given)) => directory.join(given),
        (false, None) => written_by_dbt(args, &project)?,
    };
    let graph = Graph::read(&manifest)?;
    refuse_another_project(&manifest, &graph, &project)?;
    let mut subject = Subject::new(graph, project, settings)?;
    subject.prod =
        args.checked.to_manifest.as_ref().map(|path| Graph::read(&directory.join(path))).transpose()?;
    subject.vars = vars;
    subject.prod_target.clone_from(&args.checked.prod_target);
    let mut report = check::check(&subject)?;
    if !args.checked.parse {
        report.notes.extend(staleness(&manifest, &subject, args.checked.require_fresh)?);
    }

    // The other formats tell of them in their own way.
    if matches!(args.format, Format::Human | Format::Json) {
        report.notes.iter().for_each(|note| output.emit(Event::Warning { message: note.clone() }));
    }
    output.finish()?;
    let view = View {
        format: args.format,
        project: &subject.project.directory,
        directory: &directory,
        paint: Paint::for_stdout(),
        with_ignored: args.verbose,
    };
    print(&check::render(&report, &view)?)?;
    // The process ends here, and freeing a hundred thousand strings one by one would take longer than all rules together.
    std::mem::forget(subject);
    Ok(if report.errors > 0 { Outcome::Findings } else { Outcome::Done })
}

/// What `dbt parse` writes now, into a target path of this tool's unless the user names one.
fn parsed(args: &CheckArgs, output: &mut Output) -> Result<Utf8PathBuf> {
    let setup = Setup::new(&args.dbt, &SelectionArgs::default(), Interrupt::listen()?)?;
    let target = match &args.target_path {
        Some(given) => setup.project.directory.join(given),
        None => setup.workspace.parse_target(),
    };
    setup.dbt.parse(&setup.vars, &target, &setup.workspace.logs("parse"), &mut |event| output.emit(event))
}

/// What dbt has written last.
fn written_by_dbt(args: &CheckArgs, project: &Project) -> Result<Utf8PathBuf> {
    let target = match &args.target_path {
        Some(given) => project.directory.join(given),
        None => project.target_path(),
    };
    let manifest = target.join("manifest.json");
    if !manifest.exists() {
        bail!(
            "there is no dbt manifest at {manifest}: call `dbt parse` first, or give --parse, or --manifest with the path of one"
        );
    }
    Ok(manifest)
}

/// Findings about one project, at places in another, would only mislead.
fn refuse_another_project(manifest: &Utf8Path, graph: &Graph, project: &Project) -> Result<()> {
    match graph.manifest.metadata.project_name.as_deref() {
        Some(name) if name != project.name && !project.name.contains("{{") => bail!(
            "the dbt manifest {manifest} is of the project {name}, but {} is of {}: say with --project-dir where the \
             project of the dbt manifest is",
            project.directory.join(PROJECT_FILE),
            project.name
        ),
        _ => Ok(()),
    }
}

/// What to say of a dbt manifest that is older than the project's files.
fn staleness(manifest: &Utf8Path, subject: &Subject, must_be_fresh: bool) -> Result<Option<String>> {
    let changes = check::changes(manifest, &subject.graph, &subject.project)?;
    let newer = first_and_others(&changes.newer).map(|files| format!("is older than {files}"));
    let gone =
        first_and_others(&changes.gone).map(|files| format!("knows models whose files are gone ({files})"));
    let reasons: Vec<_> = newer.into_iter().chain(gone).collect();
    if reasons.is_empty() {
        return Ok(None);
    }
    let text = format!(
        "the dbt manifest {manifest} {}: it may not tell what the project is now. Call `dbt parse`, or give --parse",
        reasons.join(", and ")
    );
    if must_be_fresh {
        bail!(text);
    }
    Ok(Some(text))
}

fn first_and_others(files: &[Utf8PathBuf]) -> Option<String> {
    let (first, others) = files.split_first()?;
    Some(match others.len() {
        0 => first.to_string(),
        1 => format!("{first} and one more file"),
        number => format!("{first} and {number} more files"),
    })
}

/// The configuration of the rules, `check.rules` of the configuration file.
fn rule_settings(project: &Project, directory: &Utf8Path) -> Result<RuleSettings> {
    let Some(file) = config::File::read(&project.directory, directory)? else {
        return Ok(RuleSettings::default());
    };
    let path = ["check", "rules"];
    let Some(rules) = file.value(&path) else { return Ok(RuleSettings::default()) };
    RuleSettings::from_value(rules).map_err(|error| {
        let wrong = rules.as_mapping().into_iter().flatten().find_map(|(rule, value)| {
            let alone = Mapping::from_iter([(rule.clone(), value.clone())]);
            RuleSettings::from_value(&Value::Mapping(alone)).is_err().then(|| rule.as_str()).flatten()
        });
        let path: Vec<_> = path.into_iter().chain(wrong).collect();
        anyhow!("{}: {error:#}", file.place(&path))
    })
}

fn print(text: &str) -> Result<()> {
    io::stdout().lock().write_all(text.as_bytes()).context("cannot write the result")
}
