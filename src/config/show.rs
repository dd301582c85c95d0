//! `--show-config`: the value of each flag and its source.
//!
//! A command that reads more from the file, as `check` reads its rules, shows that itself.

use std::fmt::Write;

use super::file::{FILE_NAME, File};
use super::flags::{Flag, Shape};
use super::resolve::Resolved;

/// What `--show-config` shows.
#[derive(Debug)]
pub struct Shown {
    /// The name of the command.
    pub command: String,
    /// The table of its flags.
    pub flags: String,
    /// The project's file, if there is one.
    pub file: Option<File>,
}

/// One line per flag: its name, its value as a shell would take it, its source.
pub(super) fn table(command: &str, file: Option<&File>, resolved: &[Resolved<'_>]) -> String {
    let file =
        file.map_or_else(|| format!("no {FILE_NAME} beside dbt_project.yml"), |file| file.name().to_owned());
    let mut text = format!("snowplow-backfill {command} ({file})\n\n");
    let resolved: Vec<_> = resolved.iter().filter(|one| one.flag.is_configurable()).collect();
    let rows: Vec<_> = resolved.iter().map(|one| row(one)).collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    let (names, values) = (width(|row| &row[0]), width(|row| &row[1]).min(40));
    for ([name, value, origin], one) in rows.iter().zip(&resolved) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<names$}  {value:<values$}  {origin}");
        if let Some((setting, other)) = &one.dropped {
            let value = shown(one.flag, &setting.values);
            let because = format!("ignored because of {}: {}", other.name(), setting.origin);
            let _ = writeln!(text, "{:<names$}  {value:<values$}  {because}", "");
        }
    }
    text
}

fn row(resolved: &Resolved<'_>) -> [String; 3] {
    let flag = resolved.flag;
    let (value, origin) = match &resolved.setting {
        Some(setting) => (shown(flag, &setting.values), setting.origin.to_string()),
        None => (shown(flag, &flag.default()), "default".to_owned()),
    };
    [flag.name(), value, origin]
}

fn shown(flag: &Flag, values: &[String]) -> String {
    match flag.shape {
        Shape::Switch if values.is_empty() => "false".to_owned(),
        _ if values.is_empty() => "-".to_owned(),
        _ => shlex::try_join(values.iter().map(String::as_str)).unwrap_or_else(|_| values.join(" ")),
    }
}
