//! `man`: the manual pages.

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8Path;
use clap::Command;
use clap_mangen::Man;
use roff::{Roff, roman};

use crate::cli::{self, ManArgs};
use crate::outcome::Outcome;
use crate::output::stdout;
use crate::suggest;

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

fn write_all(folder: &Utf8Path, pages: &[Command]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
    for page in pages {
        let path = folder.join(format!("{}.1", page.get_name()));
        fs::write(&path, render(page)?).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}
