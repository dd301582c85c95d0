//! `check`: what breaks incremental Snowplow models, without a warehouse.

use std::fmt::Write as _;
use std::io::Write as _;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{open, quiet};
use crate::check::{
    self, Changes, CheckFormat, ConfiguredRule, Files, Given, IgnoredFindings, RuleSettings, Subject, View,
};
use crate::cli::{ALL_RULES, CheckArgs};
use crate::config;
use crate::dbt::{FreshManifest, Manifest, PROJECT_FILE, Project, ReadFor, Vars};
use crate::event::Event;
use crate::outcome::Outcome;
use crate::output::github::workflow;
use crate::output::{Listeners, Paint, stdout};

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a dbt manifest that cannot be read; dbt's failure with `--parse`.
pub fn run(args: &CheckArgs) -> Result<Outcome> {
    if args.rules.list_rules {
        stdout::write(check::list(Paint::for_stdout().columns()))?;
        return Ok(Outcome::Done);
    }
    if let Some(rule) = &args.rules.explain {
        let text = match rule.as_str() {
            ALL_RULES => check::page(),
            id => check::explain(check::known_rule(id)?, Paint::for_stdout().columns()),
        };
        stdout::write(text)?;
        return Ok(Outcome::Done);
    }
    let directory = std::env::current_dir().context("cannot tell the working directory")?;
    let directory = Utf8PathBuf::try_from(directory).context("the working directory's name is not UTF-8")?;
    let project = Project::find(args.dbt.project_dir.as_deref(), &directory)?;
    let vars = Vars::parse(args.dbt.vars.as_deref().unwrap_or_default())?;
    let settings = rule_settings(config::File::read(&project.directory, &directory)?.as_ref())?;

    // What cannot be written is known before any work is done.
    let summary = if args.format == CheckFormat::Github { workflow::summary_file()? } else { None };

    let mut listeners = quiet(args.verbose);
    let parsed = args.checked.parse.then(|| parse(args, &mut listeners)).transpose()?;
    let path = match (&parsed, &args.checked.manifest) {
        (Some(parsed), _) => parsed.path.clone(),
        (None, Some(given)) => directory.join(given),
        (None, None) => written_by_dbt(args, &project)?,
    };
    let prod = args.checked.to_manifest.as_ref().map(|path| directory.join(path));
    // Each takes its time, and none needs another.
    let (manifest, prod, files) = thread::scope(|scope| {
        let files = (!args.checked.parse).then(|| scope.spawn(|| Files::of(&project)));
        let prod = prod.as_ref().map(|path| scope.spawn(|| Manifest::read(path, ReadFor::Checks)));
        (Manifest::read(&path, ReadFor::Checks), prod.map(joined), files.map(joined))
    });
    drop(parsed);
    let manifest = manifest?;
    refuse_another_project(&path, &manifest, &project)?;
    let prod_target = args.checked.prod_target.clone();
    let subject = Subject::new(Given { manifest, prod: prod.transpose()?, project, vars, prod_target })?;
    let mut report = check::check(&subject, &settings)?;
    if let Some(files) = files {
        let changes = files.changes_since(&path, &subject.manifest, &subject.project)?;
        report.notes.extend(staleness(&path, &changes, args.checked.require_fresh)?);
    }

    // The other formats tell of them in their own way.
    if matches!(args.format, CheckFormat::Human | CheckFormat::Json) {
        report.notes.iter().for_each(|note| listeners.emit(Event::Warning { message: note.clone() }));
    }
    listeners.finish()?;
    let view = View {
        format: args.format,
        project: &subject.project.directory,
        directory: &directory,
        paint: Paint::for_stdout(),
        ignored: if args.verbose { IgnoredFindings::Show } else { IgnoredFindings::Hide },
    };
    if let Some(mut file) = summary {
        file.write_all(check::summary(&report, &view).as_bytes())
            .context("cannot write the step's summary")?;
    }
    stdout::write(check::render(&report, &view)?)?;
    Ok(if report.errors > 0 { Outcome::Findings } else { Outcome::Done })
}

/// What a thread was started for; its panic goes on here.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What `dbt parse` writes now, into a target path of this tool's unless the user names one.
fn parse(args: &CheckArgs, listeners: &mut Listeners) -> Result<FreshManifest> {
    let project = open::project(&args.dbt)?;
    let target = project.on(args.dbt.target.as_deref())?;
    target.parse(args.target_path.as_deref(), &mut |event| listeners.emit(event))
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
fn refuse_another_project(path: &Utf8Path, manifest: &Manifest, project: &Project) -> Result<()> {
    match manifest.metadata.project_name.as_deref() {
        Some(name) if name != project.name && !project.name.contains("{{") => bail!(
            "the dbt manifest {path} is of the project {name}, but {} is of {}: say with --project-dir where the \
             project of the dbt manifest is",
            project.directory.join(PROJECT_FILE),
            project.name
        ),
        _ => Ok(()),
    }
}

/// What to say of a dbt manifest that is older than the project's files.
fn staleness(manifest: &Utf8Path, changes: &Changes, must_be_fresh: bool) -> Result<Option<String>> {
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

/// Where the configuration of the rules stands in the configuration file.
const RULES: [&str; 2] = ["check", "rules"];

/// The configuration of the rules.
fn rule_settings(file: Option<&config::File>) -> Result<RuleSettings> {
    let Some((file, rules)) = file.and_then(|file| Some((file, file.value(&RULES)?))) else {
        return Ok(RuleSettings::default());
    };
    let settings = RuleSettings::from_value(rules);
    settings.map_err(|wrong| anyhow!("{}: {wrong}", file.place(&path_of(&wrong.path))))
}

fn path_of(below: &[String]) -> Vec<&str> {
    RULES.into_iter().chain(below.iter().map(String::as_str)).collect()
}

/// What the configuration says of rules, a line each, and where it stands; nothing where it says nothing.
pub(super) fn configured_rules(file: Option<&config::File>) -> Result<String> {
    let settings = rule_settings(file)?;
    let (Some(file), [_, ..]) = (file, settings.configured()) else { return Ok(String::new()) };
    let width = |of: fn(&ConfiguredRule) -> &str| {
        settings.configured().iter().map(|said| of(said).chars().count()).max()
    };
    let rules = width(|said| said.rule).unwrap_or(0);
    let values = width(|said| &said.value).unwrap_or(0).min(40);
    let mut text = "\nrules\n\n".to_owned();
    for said in settings.configured() {
        let (place, key) = (file.place(&path_of(&said.path)), path_of(&said.path).join("."));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<rules$}  {:<values$}  {place}: {key}", said.rule, said.value);
    }
    Ok(text)
}
