//! Conditions, and the statement that stops a script where one does not hold.

use crate::warehouse::Dialect;

/// Short enough to be a name on every warehouse.
const LONGEST_LABEL: usize = 120;

/// Stops with the message unless the condition, which is never null, holds.
#[must_use]
pub fn check_statement(dialect: Dialect, condition: &str, message: &str) -> String {
    let text = dialect.text_literal(message);
    match dialect {
        Dialect::Postgres => format!(
            "do $check$\nbegin\n  if not (\n    {condition}\n  ) then\n    raise exception using message = \
             {text};\n  end if;\nend\n$check$"
        ),
        // Neither has a function that raises an error. The division by zero does, and the column's name says
        // why.
        Dialect::Redshift | Dialect::Snowflake => format!(
            "select 1 / case when (\n  {condition}\n) then 1 else 0 end as {}",
            dialect.column(&label(message))
        ),
        Dialect::BigQuery => format!("assert (\n  {condition}\n) as {text}"),
        Dialect::Databricks | Dialect::Spark => {
            format!("select assert_true(\n  {condition},\n  {text}\n)")
        }
        Dialect::DuckDb => {
            format!("select case when not (\n  {condition}\n) then error({text}) end as checked")
        }
    }
}

/// The condition that holds when all of these do.
#[must_use]
pub fn all_conditions(conditions: &[String]) -> String {
    conditions.join("\n  and ")
}

/// A message as the name of a column: relations without their schema, and only letters, digits and
/// underscores.
fn label(message: &str) -> String {
    let words = message.split_whitespace().map(|word| match word.rsplit_once('.') {
        Some((_, name)) if !name.is_empty() => name,
        _ => word,
    });
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let words: Vec<String> = words.map(|word| word.chars().filter(plain).collect()).collect();
    words.join("_").chars().take(LONGEST_LABEL).collect()
}
