//! Renders vars that hold Jinja: `dbt run-operation` in a generated project, on the user's own target.
//!
//! The generated project has the user's name and the vars as one package sees them, so `target`, `env_var`,
//! `project_name` and `var` are those of the user's project. Its macros are not there.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::invoke::Dbt;
use super::notice::{Listen, Purpose};
use super::query::{MARKER, Operation, operation, reply, write, write_project};
use super::secrets::{MASK, MASKED, has_secrets};
use super::turn::Turn;
use crate::dbt::project::{Project, ResolvedVars, VarScope, holds_jinja};
use crate::failure::{Failure, FailureKind};

const MACRO: &str = include_str!("query_project/render.sql");

/// Where vars are rendered.
#[derive(Debug)]
pub struct RenderCall<'a> {
    /// `--target`; none for dbt's default.
    pub target: Option<&'a str>,
    /// The user's project.
    pub user: &'a Project,
    /// The folder of the generated project.
    pub directory: Utf8PathBuf,
    /// Where dbt logs.
    pub log_path: Utf8PathBuf,
    /// Vars of this tool, which take precedence over those of the project.
    pub own: Vec<(&'static str, String)>,
}

/// One line that the macro prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reply {
    Rendering { rendering: String },
    Rendered { rendered: String, text: String },
}

/// What a call of dbt told.
struct Round {
    /// Names and values.
    told: BTreeMap<String, String>,
    /// The var that dbt failed on, and why.
    failed: Option<(String, String)>,
}

impl Dbt {
    /// A package's vars, with those of `names` rendered that hold Jinja. Calls dbt only if there are any.
    ///
    /// # Errors
    /// dbt fails before it renders anything. A var that cannot be rendered is no error.
    pub fn resolve<'a>(
        &self,
        scope: VarScope<'a>,
        names: &[&str],
        call: &RenderCall<'_>,
        listen: Listen<'_>,
    ) -> Result<ResolvedVars<'a>> {
        let mut rendered = BTreeMap::new();
        let mut left = Vec::new();
        for name in scope.to_render(names) {
            match scope.reason_not_to_render(name) {
                Some(reason) => drop(rendered.insert(name.to_owned(), Err(reason))),
                None => left.push(name.to_owned()),
            }
        }
        if left.is_empty() {
            return Ok(ResolvedVars::new(scope, rendered));
        }
        let _turn = Turn::wait_for(&call.directory, self.interrupt(), listen)?;
        write_project(&call.directory, &name_of(call.user), call.user, Some(&vars(&scope, call)?))?;
        write(&call.directory.join("macros/render.sql"), MACRO)?;
        // dbt stops at the first var that it cannot render. Each round renders all that are left or drops one.
        while !left.is_empty() {
            let Round { told, failed } = self.render(&left, call, listen)?;
            left.retain(|name| !told.contains_key(name));
            rendered.extend(told.into_iter().map(|(name, text)| (name, unmasked(text, has_secrets()))));
            let Some((name, reason)) = failed else { break };
            left.retain(|other| *other != name);
            rendered.insert(name, Err(reason));
        }
        for name in left {
            rendered.insert(name, Err("dbt did not tell its value".to_owned()));
        }
        Ok(ResolvedVars::new(scope, rendered))
    }

    /// What dbt rendered, and the var that it failed on with the reason.
    fn render(&self, names: &[String], call: &RenderCall<'_>, listen: Listen<'_>) -> Result<Round> {
        let arguments = serde_json::json!({"marker": MARKER, "names": names}).to_string();
        let target_path = call.directory.join("target");
        let invocation = operation(&Operation {
            purpose: Purpose::Query,
            name: "snowplow_backfill_render",
            arguments: &arguments,
            target: call.target,
            directory: &call.directory,
            target_path: &target_path,
            log_path: &call.log_path,
        });
        let mut replies = Vec::new();
        let asked = self.ask(&invocation, listen, |line| {
            let reply = reply(line);
            replies.extend(reply.map(str::to_owned));
            reply.is_some()
        });
        let (mut told, mut last) = (BTreeMap::new(), None);
        for reply in &replies {
            match serde_json::from_str(reply).with_context(|| format!("cannot read the reply {reply}"))? {
                Reply::Rendering { rendering } => last = Some(rendering),
                Reply::Rendered { rendered, text } => drop(told.insert(rendered, text)),
            }
        }
        let failed = last.filter(|name| names.contains(name) && !told.contains_key(name));
        let Err(error) = asked else { return Ok(Round { told, failed: None }) };
        match (error.downcast::<Failure>(), failed) {
            (Ok(failure), Some(name)) if failure.kind != FailureKind::Connection => {
                Ok(Round { told, failed: Some((name, reason(&failure))) })
            }
            (Ok(failure), _) => Err(failure.into()),
            (Err(error), _) => Err(error),
        }
    }
}

/// A value, unless dbt masked a part of it, which it does where there are secrets.
fn unmasked(text: String, has_secrets: bool) -> Result<String, String> {
    if has_secrets && text.contains(MASK) { Err(MASKED.to_owned()) } else { Ok(text) }
}

/// dbt's own reason, without where it is: that is a macro of this tool.
fn reason(failure: &Failure) -> String {
    let text = failure.text();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('>'));
    let told: Vec<_> = lines.filter(|line| !line.starts_with("Encountered an error")).collect();
    format!("dbt cannot render it: {}", told.join(" "))
}

/// The name that the user's project has for Jinja.
fn name_of(user: &Project) -> String {
    if holds_jinja(&user.name) { "snowplow_backfill_vars".to_owned() } else { user.name.clone() }
}

/// The vars as text that dbt reads as it reads the user's own.
fn vars(scope: &VarScope<'_>, call: &RenderCall<'_>) -> Result<String> {
    let mut merged = scope.merged();
    for (name, value) in &call.own {
        merged.insert((*name).into(), value.as_str().into());
    }
    mapping(&merged)
}

/// A mapping in YAML's flow style.
fn mapping(values: &Mapping) -> Result<String> {
    let pair = |(name, value): (&Value, &Value)| Ok(format!("{}: {}", flow(name)?, flow(value)?));
    Ok(format!("{{{}}}", values.iter().map(pair).collect::<Result<Vec<_>>>()?.join(", ")))
}

fn flow(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Mapping(values) => mapping(values)?,
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Result<Vec<_>>>()?.join(", "))
        }
        Value::Tagged(tagged) => flow(&tagged.value)?,
        Value::String(text) if is_plain_to_us_alone(text) => text.clone(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => serde_json::to_string(value).context("cannot write YAML")?,
    })
}

/// Whether a text without quotes has another meaning in YAML 1.1, which dbt reads: `no`, a date, `1_000`.
///
/// This tool reads YAML 1.2 and no longer knows about quotes. Few people quote such texts.
fn is_plain_to_us_alone(text: &str) -> bool {
    const WORDS: [&str; 4] = ["yes", "no", "on", "off"];
    let is_word = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let capital =
            text.get(..1).map(str::to_ascii_uppercase).unwrap_or_default() + lower.get(1..).unwrap_or("");
        WORDS.contains(&lower.as_str())
            && [lower, capital, text.to_ascii_uppercase()].iter().any(|it| it == text)
    };
    let is_number_or_date = text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|character| character.is_ascii_digit() || "_-".contains(character))
        && matches!(serde_yaml::from_str(text), Ok(Value::String(_)));
    is_word(text) || is_number_or_date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_a_mask_is_not_known_where_there_are_secrets() {
        for masked in ["*****", "raw_*****", "'*****' = app_id"] {
            assert_eq!(unmasked(masked.to_owned(), true).as_deref(), Err(&MASKED.to_owned()));
            assert_eq!(unmasked(masked.to_owned(), false).as_deref(), Ok(masked));
        }
        assert_eq!(unmasked("atomic".to_owned(), true).as_deref(), Ok("atomic"));
        assert_eq!(unmasked("****".to_owned(), true).as_deref(), Ok("****"));
    }

    #[test]
    fn writes_vars_as_dbt_reads_them() {
        let text = concat!(
            "{a: no, b: 'x: \"y\"', c: 2021-01-01, d: '30', e: 1_000, f: [1, 2.5, null, On], g: {h: true}, ",
            "i: '{{ var(\"j\") }}', k: nO, l: ''}"
        );
        let values: Mapping = serde_yaml::from_str(text).expect("YAML");
        assert_eq!(
            mapping(&values).expect("YAML"),
            concat!(
                r#"{"a": no, "b": "x: \"y\"", "c": 2021-01-01, "d": "30", "e": 1_000, "#,
                r#""f": [1, 2.5, null, On], "g": {"h": true}, "i": "{{ var(\"j\") }}", "k": "nO", "l": ""}"#
            )
        );
    }
}
