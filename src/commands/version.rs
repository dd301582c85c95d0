//! `--version`. With `--verbose`, it prints everything that a bug report needs.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Result, bail};

use crate::cli::Command;
use crate::config::{self, CommandLine, Surroundings, VersionDetail};
use crate::dbt::{Dbt, Interrupt, ProfileArguments, Program, Vars, Versions, standing};
use crate::outcome::Outcome;
use crate::output::stdout;

pub fn run(detail: VersionDetail, surroundings: &Surroundings) -> Result<Outcome> {
    let mut text = format!("snowplow-backfill {}\n", env!("CARGO_PKG_VERSION"));
    match detail {
        VersionDetail::Number => {}
        VersionDetail::BugReport => text += &details(surroundings),
    }
    stdout::write(text)?;
    Ok(Outcome::Done)
}

fn details(surroundings: &Surroundings) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label:<8}  {value}");
    };
    // Set when a release is built: building from a source archive must not need git.
    line("commit", option_env!("BUILD_COMMIT").unwrap_or("unknown"));
    let [compiler, target, profile] = [env!("BUILD_COMPILER"), env!("BUILD_TARGET"), env!("BUILD_PROFILE")];
    line("built", &format!("{compiler}, for {target}, {profile}"));
    line("os", &operating_system());
    match dbt(surroundings) {
        Ok((program, versions)) => {
            let known = match standing(&versions.core) {
                Ok(standing) => standing.to_string(),
                Err(error) => format!("{error:#}"),
            };
            line("dbt", &format!("{}, started as `{program}`{}", versions.core, place(&program)));
            line("", &known);
            let adapters = versions.adapters.iter().map(|(name, version)| format!("{name} {version}"));
            let adapters = adapters.collect::<Vec<_>>().join(", ");
            line("adapters", if adapters.is_empty() { "none" } else { &adapters });
        }
        Err(error) => line("dbt", &format!("{error:#}").replace('\n', "\n            ")),
    }
    text
}

/// Where a program is that is named without a path.
fn place(program: &Program) -> String {
    match program.location() {
        Some(path) if !program.executable().contains('/') => format!(" ({path})"),
        _ => String::new(),
    }
}

/// The dbt that a command would start here, and its versions.
fn dbt(surroundings: &Surroundings) -> Result<(Program, Versions)> {
    // Commands with `--dbt` agree on its value, and `models` requires no other flag.
    let program = match config::read(&surroundings.with_arguments(&["models"])) {
        Ok(CommandLine::Command { cli, .. }) => match cli.command {
            Command::Models(args) => Program::parse(&args.dbt.dbt)?.or_beside_this_one(),
            _ => bail!("cannot tell how dbt is started"),
        },
        Ok(_) => bail!("cannot tell how dbt is started"),
        Err(config::Error::Configuration(error)) => return Err(error),
        Err(config::Error::Usage(error)) => return Err(error.into()),
    };
    let dbt = Dbt::new(
        program.clone(),
        surroundings.directory.clone(),
        surroundings.directory.clone(),
        ProfileArguments::default(),
        Vars::default(),
        Interrupt::listen()?,
    );
    Ok((program, dbt.versions(&mut |_| {})?))
}

/// The kernel, and the distribution if a file names it.
fn operating_system() -> String {
    let kernel = nix::sys::utsname::uname().map_or_else(
        |_| std::env::consts::OS.to_owned(),
        |name| {
            let part = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
            [name.sysname(), name.release(), name.machine()].map(part).join(" ")
        },
    );
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let distribution = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    match distribution {
        Some(name) => format!("{kernel}, {}", name.trim_matches('"')),
        None => kernel,
    }
}
