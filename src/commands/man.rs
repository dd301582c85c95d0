//! `man`: the manual pages.

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8Path;
use clap::Command;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::cli::{self, ManArgs};
use crate::config;
use crate::outcome::Outcome;
use crate::output::stdout;
use crate::suggest;

/// How a command ends whose command line is wrong.
const USAGE: Outcome = Outcome::Error { message: String::new() };

/// Prints a page, or writes all of them into a folder.
pub fn run(args: &ManArgs) -> Result<Outcome> {
    let pages = pages();
    if let Some(folder) = &args.dir {
        write_all(folder, &pages)?;
        return Ok(Outcome::Done);
    }
    let name = args.command.as_ref().map_or_else(|| pages[0].get_name().to_owned(), |name| full_name(name));
    let page = pages.iter().find(|page| page.get_name() == name);
    let page = page.with_context(|| {
        let commands: Vec<_> = pages[0].get_subcommands().map(Command::get_name).collect();
        let written = args.command.as_deref().unwrap_or_default();
        match suggest::question(written, commands.iter().copied()).as_str() {
            "" => format!("there is no command `{written}`: choose one of {}", commands.join(", ")),
            question => format!("there is no command `{written}`{question}"),
        }
    })?;
    stdout::write(render(page)?)?;
    Ok(Outcome::Done)
}

fn full_name(command: &str) -> String {
    format!("{}-{command}", cli::command().get_name())
}

/// The program's page first, then one per command, with names such as `snowplow-backfill-run`.
fn pages() -> Vec<Command> {
    let mut program = cli::command().disable_help_subcommand(true);
    program.build();
    let commands = program.get_subcommands().map(|command| {
        let name = full_name(command.get_name());
        let shown = command.get_bin_name().unwrap_or(&name).to_owned();
        command.clone().name(name).display_name(shown)
    });
    std::iter::once(program.clone()).chain(commands.collect::<Vec<_>>()).collect()
}

fn render(page: &Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let man = Man::new(page.clone());
    man.render_title(&mut text)
        .and_then(|()| man.render_name_section(&mut text))
        .and_then(|()| man.render_synopsis_section(&mut text))
        .and_then(|()| man.render_description_section(&mut text))
        .and_then(|()| man.render_options_section(&mut text))
        .and_then(
            |()| if page.has_subcommands() { man.render_subcommands_section(&mut text) } else { Ok(()) },
        )
        .and_then(|()| exit_status(page).to_writer(&mut text))
        .and_then(|()| environment(page).to_writer(&mut text))
        .and_then(|()| files(page).to_writer(&mut text))
        .and_then(|()| examples(page).to_writer(&mut text))
        .context("cannot render the page")?;
    Ok(text)
}

/// The end of `--help`, line by line.
fn examples(page: &Command) -> Roff {
    let mut section = Roff::new();
    let text = page.get_after_help().map(ToString::to_string).unwrap_or_default();
    section.control("SH", ["NOTES AND EXAMPLES"]).control("nf", []);
    for line in text.lines() {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section
}

/// Whether a page is about a dbt project: the program's own one, and those of the commands that read its
/// configuration.
fn is_of_project(page: &Command) -> bool {
    page.has_subcommands() || cli::is_configurable(page)
}

/// A section of terms with their meanings; nothing without terms.
fn terms(title: &str, entries: &[(String, String)]) -> Roff {
    let mut section = Roff::new();
    if !entries.is_empty() {
        section.control("SH", [title]);
    }
    for (term, meaning) in entries {
        section.control("TP", []).text([bold(term.as_str())]).text([roman(meaning.replace('`', ""))]);
    }
    section
}

/// The exit codes, with every ending that has them.
fn exit_status(page: &Command) -> Roff {
    if !is_of_project(page) {
        let codes = [(Outcome::Done, "The command did its job."), (USAGE, "The command line is wrong.")];
        return terms(
            "EXIT STATUS",
            &codes.map(|(end, text)| (end.exit_code().to_string(), text.to_owned())),
        );
    }
    let mut codes: Vec<(String, String)> = Vec::new();
    for ending in Outcome::all() {
        let (code, meaning) = (ending.exit_code().to_string(), ending.meaning());
        match codes.last_mut().filter(|(last, _)| *last == code) {
            Some((_, meanings)) => meanings.extend([" Or: ", meaning]),
            None => codes.push((code, meaning.to_owned())),
        }
    }
    terms("EXIT STATUS", &codes)
}

/// The variables that set the flags of a command, and those that decide about the output.
fn environment(page: &Command) -> Roff {
    let flags =
        config::variables(page).into_iter().map(|(variable, flag)| (variable, format!("Sets {flag}.")));
    let others = [
        ("NO_COLOR, CLICOLOR, TERM", "Decide whether the output has colours."),
        ("GITHUB_STEP_SUMMARY", "The file to which --format github appends its summary."),
    ]
    .map(|(variable, meaning)| (variable.to_owned(), meaning.to_owned()));
    let any = page.has_subcommands().then(|| {
        let meaning =
            "Sets the flag of that name, such as SNOWPLOW_BACKFILL_LIMIT_DAYS=30 for --limit-days 30.";
        ("SNOWPLOW_BACKFILL_<FLAG>".to_owned(), meaning.to_owned())
    });
    let all: Vec<_> = flags.chain(any).chain(others).collect();
    terms("ENVIRONMENT", if is_of_project(page) { &all } else { &[] })
}

/// What is read and written in a dbt project.
fn files(page: &Command) -> Roff {
    let all = [
        ("dbt_project.yml", "The dbt project; read, never written."),
        ("snowplow-backfill.yml", "Beside dbt_project.yml: sets the flags of every command."),
        (
            "target/snowplow-backfill/",
            "Under dbt's target path: journals, locks, logs, records of promotions.",
        ),
    ]
    .map(|(file, meaning)| (file.to_owned(), meaning.to_owned()));
    terms("FILES", if is_of_project(page) { &all } else { &[] })
}

fn write_all(folder: &Utf8Path, pages: &[Command]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
    for page in pages {
        let path = folder.join(format!("{}.1", page.get_name()));
        fs::write(&path, render(page)?).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let pages = pages();
        let page = pages.iter().find(|page| page.get_name() == name).expect("a page");
        String::from_utf8(render(page).expect("rendered")).expect("UTF-8")
    }

    #[test]
    fn pages_have_exit_status_environment_and_files() {
        for name in ["snowplow-backfill", "snowplow-backfill-run", "snowplow-backfill-check"] {
            let text = text(name);
            for part in ["SH \"EXIT STATUS\"", "SH ENVIRONMENT", "SH FILES", "snowplow\\-backfill.yml"] {
                assert!(text.contains(part), "{name}: {part} is not in {text}");
            }
            for ending in Outcome::all() {
                assert!(text.contains(&format!("\\fB{}\\fR", ending.exit_code())), "{name}: {ending:?}");
            }
        }
        assert!(text("snowplow-backfill-run").contains("SNOWPLOW_BACKFILL_LIMIT_DAYS"));
        assert!(text("snowplow-backfill-run").contains("DBT_TARGET"));
        assert!(!text("snowplow-backfill-completions").contains("SH ENVIRONMENT"));
    }
}
