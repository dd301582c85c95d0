//! `check`: what breaks incremental Snowplow models, without a warehouse.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context, Result, anyhow, bail};
use camino::Utf8PathBuf;

use super::{open, quiet};
use crate::check::{
    self, CheckFormat, CheckSession, ConfiguredRule, Freshness, IgnoredFindings, RuleSettings, View,
};
use crate::cli::{ALL_RULES, CheckArgs};
use crate::config;
use crate::dbt::{FreshManifest, Project, Vars};
use crate::event::Event;
use crate::outcome::Outcome;
use crate::output::github::workflow;
use crate::output::{Listeners, Paint, stdout};

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a dbt manifest that cannot be read; dbt's failure with `--parse`.
pub(super) fn run(args: &CheckArgs) -> Result<Outcome> {
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
    check_project(args)
}

fn check_project(args: &CheckArgs) -> Result<Outcome> {
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
    let session = CheckSession {
        path,
        prod: args.checked.to_manifest.as_ref().map(|path| directory.join(path)),
        freshness: match (&parsed, args.checked.require_fresh) {
            (Some(_), _) => Freshness::Fresh,
            (None, false) => Freshness::Noted,
            (None, true) => Freshness::Required,
        },
        project,
        vars,
        prod_target: args.checked.prod_target.clone(),
    };
    let (subject, report) = session.check(&settings)?;
    drop(parsed);

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

/// The dbt manifest that `dbt parse` writes now.
fn parse(args: &CheckArgs, listeners: &mut Listeners) -> Result<FreshManifest> {
    let project = open::project(&args.dbt)?;
    let target = project.on(args.dbt.target.as_deref())?;
    target.parse(args.target_path.as_deref(), &mut |event| listeners.emit(event))
}

/// The dbt manifest that dbt wrote last.
fn written_by_dbt(args: &CheckArgs, project: &Project) -> Result<Utf8PathBuf> {
    let target = match &args.target_path {
        Some(given) => project.directory.join(given),
        None => project.target_path().map_err(|unknown| {
            anyhow!(
                "{unknown}: give that folder with --target-path or DBT_TARGET_PATH, the dbt manifest with \
                 --manifest, or --parse"
            )
        })?,
    };
    let manifest = target.join("manifest.json");
    if !manifest.exists() {
        bail!(
            "there is no dbt manifest at {manifest}: run `dbt parse` first, or give --parse, or the path of \
             one with --manifest"
        );
    }
    Ok(manifest)
}

/// The place of the rules in the configuration file.
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

/// A line for each rule that is configured, with its place.
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
