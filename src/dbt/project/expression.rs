//! Texts that dbt renders: which ones they are, and those that can be evaluated without dbt.

use std::fmt;

use super::dotenv::{DOTENV, dotenv_names_here};
use crate::dbt::jinja::{outside_of_strings, string};

/// What begins and ends Jinja.
const MARKS: [&str; 6] = ["{{", "{%", "{#", "}}", "%}", "#}"];

/// Variables whose names begin with this are secrets. dbt refuses them here, and this tool reads none.
const SECRET: &str = "DBT_ENV_SECRET";

/// Whether dbt renders a text before it uses it.
#[must_use]
pub fn holds_jinja(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
}

/// A setting of a project whose value this tool does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// Its key in dbt_project.yml.
    pub key: &'static str,
    /// Its value there; none if that does not matter.
    text: Option<String>,
    reason: String,
}

impl Expression {
    /// A setting that a variable in `.env` decides.
    pub(super) fn in_dotenv(key: &'static str, variable: &str) -> Self {
        Self { key, text: None, reason: format!("is set by {variable} in {DOTENV}, which only dbt reads") }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{} in dbt_project.yml is `{text}`, and {}", self.key, self.reason),
            None => write!(f, "{} {}", self.key, self.reason),
        }
    }
}

/// A setting's value: the text itself, or what it says with the environment variables that it names.
pub(super) fn evaluate(key: &'static str, text: &str) -> Result<String, Expression> {
    let variable = |name: &str| match std::env::var(name) {
        Ok(value) => Variable::Set(value),
        Err(_) if dotenv_names_here().contains(name) => Variable::InDotenv,
        Err(_) => Variable::Absent,
    };
    evaluate_with(text, variable).map_err(|reason| Expression { key, text: Some(text.to_owned()), reason })
}

/// An environment variable, as far as it is known what dbt will find.
enum Variable {
    Set(String),
    /// dbt 1.12 takes its value from `.env`, older versions do not.
    InDotenv,
    Absent,
}

/// The error is the reason, as the end of a sentence.
fn evaluate_with(text: &str, variable: impl Fn(&str) -> Variable) -> Result<String, String> {
    let only_dbt = || "only dbt can evaluate that".to_owned();
    let mut value = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (expression, after) = inside.split_once("}}").ok_or_else(only_dbt)?;
        let (name, default) = env_var(expression).filter(|_| !holds_jinja(before)).ok_or_else(only_dbt)?;
        if name.starts_with(SECRET) {
            return Err(format!("the variable {name} is a secret"));
        }
        value += before;
        value += &match (variable(name), default) {
            (Variable::Set(value), _) => value,
            (Variable::InDotenv, _) => {
                return Err(format!(
                    "the environment variable {name} is set in {DOTENV}, which only dbt reads"
                ));
            }
            (Variable::Absent, Some(default)) => default.to_owned(),
            (Variable::Absent, None) => {
                return Err(format!("the environment variable {name} is not set"));
            }
        };
        rest = after;
    }
    if holds_jinja(rest) { Err(only_dbt()) } else { Ok(value + rest) }
}

/// Name and default of an expression that is `env_var('name')` or `env_var('name', 'default')`.
fn env_var(expression: &str) -> Option<(&str, Option<&str>)> {
    let inside = expression.trim().strip_prefix("env_var")?.trim_start().strip_prefix('(')?;
    let inside = inside.strip_suffix(')')?;
    let mut arguments = inside.split(',').map(|argument| string(argument.trim()));
    let name = arguments.next()??;
    let default = match arguments.next() {
        Some(default) => Some(default?),
        None => None,
    };
    arguments.next().is_none().then_some((name, default))
}

/// Names that mean something else, or nothing, outside of a model of the user's own project.
const OF_A_MODEL: [&str; 13] = [
    "builtins",
    "config",
    "context",
    "database",
    "graph",
    "metric",
    "model",
    "ref",
    "schema",
    "selected_resources",
    "source",
    "sql",
    "this",
];

/// A name in a text that only a model of the project gives its meaning.
pub(super) fn name_of_a_model(text: &str) -> Option<&'static str> {
    let mut word = String::new();
    let mut before = ' ';
    let mut found = None;
    let end = (text.len(), ' ', 0);
    for (_, character, _) in outside_of_strings(text).chain([end]) {
        if character.is_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        // `target.schema` is the target's, and `f(schema=…)` names an argument.
        if before != '.' && !word.is_empty() && character != '=' {
            found = found.or_else(|| OF_A_MODEL.into_iter().find(|name| *name == word));
        }
        if !word.is_empty() || !character.is_whitespace() {
            before = character;
        }
        word.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluates_environment_variables_only() {
        let variable = |name: &str| match name {
            "SET" => Variable::Set("value".to_owned()),
            "IN_FILE" => Variable::InDotenv,
            _ => Variable::Absent,
        };
        for (text, expected) in [
            ("plain", Ok("plain")),
            ("{{ env_var('SET') }}", Ok("value")),
            ("out/{{env_var(\"SET\", 'x')}}/{{ env_var('UNSET', 'default') }}!", Ok("out/value/default!")),
            ("{{ env_var('UNSET', '') }}", Ok("")),
            ("{{ env_var('UNSET') }}", Err("the environment variable UNSET is not set")),
            (
                "{{ env_var('IN_FILE', 'default') }}",
                Err("the environment variable IN_FILE is set in .env, which only dbt reads"),
            ),
            ("{{ env_var('DBT_ENV_SECRET_X', 'a') }}", Err("the variable DBT_ENV_SECRET_X is a secret")),
            ("{{ env_var('SET') | lower }}", Err("only dbt can evaluate that")),
            ("{{ env_var('SET') ~ 'x' }}", Err("only dbt can evaluate that")),
            ("{{ env_var('SET', var('x')) }}", Err("only dbt can evaluate that")),
            ("{{ env_var('SET', 'a', 'b') }}", Err("only dbt can evaluate that")),
            ("{{ target.name }}", Err("only dbt can evaluate that")),
            ("{% if true %}a{% endif %}", Err("only dbt can evaluate that")),
            ("{{ env_var('SET') }}{# note #}", Err("only dbt can evaluate that")),
            ("{{ env_var('SET')", Err("only dbt can evaluate that")),
        ] {
            let found = evaluate_with(text, variable);
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn an_expression_says_where_it_is() {
        let unknown = evaluate("target-path", "{{ target.name }}").expect_err("an expression").to_string();
        assert_eq!(
            unknown,
            "target-path in dbt_project.yml is `{{ target.name }}`, and only dbt can evaluate that"
        );
    }

    #[test]
    fn finds_names_that_only_a_model_knows() {
        for (text, expected) in [
            ("{{ this.schema }}", Some("this")),
            ("{{ target.name ~ schema }}", Some("schema")),
            ("{{ ref('a') }}", Some("ref")),
            ("{{ target.schema ~ 'this' }}", None),
            ("{{ target . schema }}", None),
            ("{{ my.macro(schema='a') }}", None),
            ("{{ model == 'a' }}", Some("model")),
            ("{{ env_var('X') }}{{ var('schema') }}", None),
        ] {
            assert_eq!(name_of_a_model(text), expected, "{text}");
        }
    }
}
