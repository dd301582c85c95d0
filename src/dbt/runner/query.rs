//! Reads tables: `dbt run-operation` in a generated project of one macro, on the user's own connection.
//!
//! The generated project is tiny, so a call takes the same time however large the user's project is. It takes
//! over the keys that decide how dbt finds the connection and quotes relations. No credential is read here.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};

use super::invoke::{Dbt, Invocation, LogFormat, VarsArgument, send_nothing};
use super::notice::{Listen, Purpose};
use super::process::Line;
use super::secrets::{MASK, MASKED, has_secrets};
use super::settings::PRINTING;
use super::turn::Turn;
use crate::dbt::project::{PROJECT_FILE, Project};

const MACRO: &str = include_str!("query_project/query.sql");

/// The macro begins its lines with this. All other lines on stdout come from elsewhere.
pub(super) const MARKER: &str = "snowplow-backfill:";

/// One query of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Query {
    /// Relations that must exist. In the SQL, `@0@`, `@1@`, … stand for them as dbt renders them,
    /// `@0.schema@` and `@0.identifier@` for their parts as the warehouse holds them, `@0.type@` for dbt's word
    /// of their kind, such as `table`.
    pub relations: Vec<RelationName>,
    /// A query whose columns are all text. None asks for name and type of each column of the first relation, or whether
    /// its schema exists.
    pub sql: Option<String>,
}

/// The parts of a relation's name, without quotes. dbt finds the relation by the adapter's own rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationName {
    /// None for the target's own.
    pub database: Option<String>,
    pub schema: String,
    /// The name of the table or view.
    pub identifier: String,
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A relation does not exist, so the SQL was not sent. Holds its index in [`Query::relations`].
    Missing(usize),
    /// The same of a query without SQL, and the relation's schema does not exist either.
    NoSchema(usize),
    /// Rows of text values.
    Rows(Vec<Vec<Option<String>>>),
}

/// The answers of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The target that dbt used.
    pub target: ResolvedTarget,
    /// One per query, in the order of the queries.
    pub answers: Vec<Answer>,
}

/// dbt's `target`, as dbt resolved it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ResolvedTarget {
    /// The target's name in profiles.yml.
    pub name: String,
    /// The adapter's type, such as `postgres`.
    #[serde(rename = "type")]
    pub adapter: String,
    pub schema: String,
}

/// Asks queries on one target, through a generated project.
#[derive(Debug)]
pub struct Querier<'a> {
    dbt: &'a Dbt,
    target: Option<&'a str>,
    directory: Utf8PathBuf,
    log_path: Utf8PathBuf,
}

impl<'a> Querier<'a> {
    /// Writes the generated project into a folder, with the profile and the quoting of the user's project.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(
        dbt: &'a Dbt,
        target: Option<&'a str>,
        user: &Project,
        directory: Utf8PathBuf,
        log_path: Utf8PathBuf,
    ) -> Result<Self> {
        write_project(&directory, "snowplow_backfill_queries", user, None)?;
        write(&directory.join("macros/query.sql"), MACRO)?;
        Ok(Self { dbt, target, directory, log_path })
    }

    /// Asks all queries, in one call of dbt unless there are too many for a command line. The user's vars are passed on:
    /// a profiles.yml may use them.
    ///
    /// # Errors
    /// A [`Failure`](crate::failure::Failure) of dbt; [`Interrupted`](crate::failure::Interrupted); the
    /// answers are not complete.
    pub fn ask(&self, queries: &[Query], listen: Listen<'_>) -> Result<Answers> {
        let _turn = Turn::wait_for(&self.directory, &self.dbt.interrupt, listen)?;
        let mut all: Option<Answers> = None;
        for portion in portions(queries, ROOM) {
            let told = self.ask_at_once(portion, listen)?;
            all = Some(match all {
                None => told,
                Some(mut all) => {
                    all.answers.extend(told.answers);
                    all
                }
            });
        }
        all.context("there is nothing to ask")
    }

    fn ask_at_once(&self, queries: &[Query], listen: Listen<'_>) -> Result<Answers> {
        let arguments = serde_json::json!({"marker": MARKER, "queries": queries}).to_string();
        let target_path = self.directory.join("target");
        let invocation = operation(&Operation {
            purpose: Purpose::Query,
            name: "snowplow_backfill_query",
            arguments: &arguments,
            target: self.target,
            directory: &self.directory,
            target_path: &target_path,
            log_path: &self.log_path,
        });
        let mut replies = Vec::new();
        self.dbt.ask(&invocation, listen, |line| {
            let reply = reply(line);
            replies.extend(reply.map(str::to_owned));
            reply.is_some()
        })?;
        if has_secrets() && replies.iter().any(|reply| reply.contains(MASK)) {
            bail!("an answer of {} holds a masked name or value. {MASKED}", invocation.name());
        }
        assemble(&replies, queries.len()).with_context(|| {
            format!("the answer of {} is not complete (its log: {})", invocation.name(), self.log_path)
        })
    }
}

/// How many bytes of queries go into one argument. Linux takes 128 KiB.
const ROOM: usize = 100_000;

/// The queries in their order, in portions that fit. What fits nowhere is a portion of its own. Without any query
/// there is one empty portion.
fn portions(queries: &[Query], room: usize) -> Vec<&[Query]> {
    let mut portions = Vec::new();
    let (mut start, mut taken) = (0, 0);
    for (place, query) in queries.iter().enumerate() {
        let length = serde_json::json!(query).to_string().len() + 1;
        if taken + length > room && place > start {
            portions.push(&queries[start..place]);
            (start, taken) = (place, 0);
        }
        taken += length;
    }
    portions.push(&queries[start..]);
    portions
}

/// A call of a macro in a generated project.
pub(super) struct Operation<'a> {
    pub(super) purpose: Purpose,
    pub(super) name: &'a str,
    /// The macro's arguments as JSON.
    pub(super) arguments: &'a str,
    pub(super) target: Option<&'a str>,
    /// The folder of the generated project.
    pub(super) directory: &'a Utf8Path,
    pub(super) target_path: &'a Utf8Path,
    pub(super) log_path: &'a Utf8Path,
}

/// The call of dbt that calls a macro.
pub(super) fn operation<'a>(operation: &Operation<'a>) -> Invocation<'a> {
    Invocation {
        purpose: operation.purpose,
        subcommand: "run-operation",
        log_format: LogFormat::Text,
        project_directory: operation.directory,
        target: operation.target,
        target_path: operation.target_path,
        log_path: operation.log_path,
        settings: PRINTING,
        arguments: [operation.name, "--args", operation.arguments].map(str::to_owned).to_vec(),
        selection: None,
        vars: VarsArgument::AsGiven,
        trailing: Vec::new(),
        // The user's project may have opted out, which the generated one does not know. So it sends nothing.
        variables: vec![send_nothing()],
    }
}

/// The text of a line that a macro of this tool printed; none for other lines.
pub(super) fn reply(line: &Line) -> Option<&str> {
    match line {
        Line::Out(text) => text.strip_prefix(MARKER),
        Line::Err(_) => None,
    }
}

/// Writes the `dbt_project.yml` of a project that finds its connection as the user's project does. `vars` is
/// YAML in flow style.
pub(super) fn write_project(
    directory: &Utf8Path,
    name: &str,
    user: &Project,
    vars: Option<&str>,
) -> Result<()> {
    let mut file = Mapping::new();
    file.insert("name".into(), name.into());
    file.insert("version".into(), "1.0.0".into());
    file.insert("config-version".into(), 2.into());
    let taken_over = [("profile", &user.profile), ("quoting", &user.quoting)];
    for (key, value) in taken_over {
        if let Some(value) = value {
            file.insert(key.into(), value.clone());
        }
    }
    let mut text = serde_yaml::to_string(&Value::Mapping(file)).context("cannot write YAML")?;
    text.extend(vars.into_iter().flat_map(|vars| ["vars: ", vars, "\n"]));
    write(&directory.join(PROJECT_FILE), &text)
}

/// Writes a file unless it already holds the text: a new modification time would invalidate dbt's parse
/// cache. Another dbt may be reading the file, so it is replaced as a whole.
pub(super) fn write(path: &Utf8Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
    let new = Utf8PathBuf::from(format!("{path}.{}", std::process::id()));
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("cannot write {path}"))
}

/// One line that the query macro prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reply {
    Target {
        target: ResolvedTarget,
    },
    Row {
        query: usize,
        row: Vec<Option<String>>,
    },
    Missing {
        query: usize,
        missing: usize,
        #[serde(default = "yes")]
        has_schema: bool,
    },
    End {
        query: usize,
        end: bool,
    },
}

fn yes() -> bool {
    true
}

fn assemble(replies: &[String], queries: usize) -> Result<Answers> {
    let mut target = None;
    let mut answers = vec![None; queries];
    let mut rows = vec![Vec::new(); queries];
    for reply in replies {
        let reply = serde_json::from_str(reply).with_context(|| format!("cannot read the reply {reply}"))?;
        match reply {
            Reply::Target { target: told } => target = Some(told),
            Reply::Row { query, row } if query < queries => rows[query].push(row),
            Reply::Missing { query, missing, has_schema } if query < queries => {
                let answer = if has_schema { Answer::Missing } else { Answer::NoSchema };
                answers[query] = Some(answer(missing));
            }
            Reply::End { query, end: true } if query < queries => {
                answers[query] = Some(Answer::Rows(std::mem::take(&mut rows[query])));
            }
            Reply::Row { query, .. } | Reply::Missing { query, .. } | Reply::End { query, .. } => {
                bail!("a reply names query {}, but there are only {queries}", query + 1)
            }
        }
    }
    let answers: Option<Vec<_>> = answers.into_iter().collect();
    match (target, answers) {
        (Some(target), Some(answers)) => Ok(Answers { target, answers }),
        _ => bail!("a query has no answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::{Interrupt, ProfileArguments, Program, Vars};

    fn replies(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    const TARGET: &str = r#"{"target": {"name": "dev", "type": "duckdb", "schema": "s"}}"#;

    #[test]
    fn assigns_rows_to_their_queries() {
        let lines = replies(&[
            TARGET,
            r#"{"query": 0, "row": ["a", null]}"#,
            r#"{"query": 0, "row": ["b", "1"]}"#,
            r#"{"query": 0, "end": true}"#,
            r#"{"query": 1, "missing": 0}"#,
            r#"{"query": 2, "end": true}"#,
            r#"{"query": 3, "missing": 0, "has_schema": false}"#,
        ]);
        let answers = assemble(&lines, 4).expect("complete").answers;
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            answers,
            [
                Answer::Rows(vec![vec![text("a"), None], vec![text("b"), text("1")]]),
                Answer::Missing(0),
                Answer::Rows(vec![]),
                Answer::NoSchema(0)
            ]
        );
    }

    #[test]
    fn what_does_not_fit_into_one_argument_is_asked_in_portions() {
        let query = |sql: &str| Query { relations: Vec::new(), sql: Some(sql.to_owned()) };
        let queries = [query("a"), query("b"), query(&"c".repeat(200)), query("d")];
        let lengths = |room| portions(&queries, room).iter().map(|portion| portion.len()).collect::<Vec<_>>();
        assert_eq!(lengths(1000), [4]);
        assert_eq!(lengths(100), [2, 1, 1]);
        assert_eq!(lengths(1), [1, 1, 1, 1]);
        assert_eq!(portions(&[], 1).len(), 1);
    }

    #[test]
    fn refuses_incomplete_answers() {
        for lines in [
            replies(&[TARGET, r#"{"query": 0, "row": ["a"]}"#]),
            replies(&[r#"{"query": 0, "end": true}"#]),
            replies(&[TARGET, r#"{"query": 7, "end": true}"#]),
            replies(&[TARGET, "{"]),
        ] {
            assert!(assemble(&lines, 1).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn the_project_takes_over_profile_and_quoting() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8");
        fs::write(
            root.join(PROJECT_FILE),
            "name: p\nprofile: \"{{ env_var('P') }}\"\nquoting: {identifier: true}\nvars: {a: 1}\n",
        )
        .expect("written");
        let user = Project::read(root.to_owned()).expect("a project");
        let (program, vars) = (Program::parse("dbt").expect("words"), Vars::default());
        let dbt = Dbt::new(
            program,
            root.to_owned(),
            root.to_owned(),
            ProfileArguments::default(),
            vars,
            Interrupt::default(),
        );
        Querier::create(&dbt, None, &user, root.join("q"), root.join("logs")).expect("written");

        let written = fs::read_to_string(root.join("q").join(PROJECT_FILE)).expect("a file");
        assert_eq!(
            written,
            "name: snowplow_backfill_queries\nversion: 1.0.0\nconfig-version: 2\nprofile: '{{ env_var(''P'') \
             }}'\nquoting:\n  identifier: true\n"
        );
    }
}
