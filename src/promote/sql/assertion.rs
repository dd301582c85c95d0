//! Statements that stop the script where something is not as it must be.

use crate::warehouse::Dialect;

/// Stops with the message unless the condition, which is never null, holds.
#[must_use]
pub fn assert(dialect: Dialect, condition: &str, message: &str) -> String {
    let text = dialect.text_literal(message);
    match dialect {
        Dialect::Postgres => format!(
            "do $check$\nbegin\n  if not (\n    {condition}\n  ) then\n    raise exception using message = {text};\n  end if;\nend\n$check$"
        ),
        // Neither has a function that raises: the name of the column says what the division by zero means.
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

/// Conditions that must all hold.
#[must_use]
pub fn all(conditions: &[String]) -> String {
    conditions.join("\n  and ")
}

/// A message as a column's name: short, and of plain characters.
fn label(message: &str) -> String {
    let plain: String = message.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    plain.chars().take(100).collect()
}
