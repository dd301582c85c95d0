//! How values become SQL. The quotes are those of the warehouse.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};

use super::values::{Moment, NameObject};
use crate::warehouse::Dialect;

/// Adds all filters to an environment.
pub(super) fn add_all(environment: &mut Environment<'_>, dialect: Dialect) {
    environment.add_filter("literal", move |value: &Value| Ok::<_, Error>(sql(literal(dialect, value)?)));
    environment.add_filter("literals", move |values: &Value| joined(values, |value| literal(dialect, value)));
    environment.add_filter("column", move |value: &Value| Ok::<_, Error>(sql(column(dialect, value)?)));
    environment.add_filter("columns", move |values: &Value| joined(values, |value| column(dialect, value)));
    environment.add_filter("timestamp", move |value: &Value| timestamp(dialect, value));
    environment.add_filter("list", |values: &Value| joined(values, printable));
    environment
        .add_filter("indented", |value: &Value| Ok::<_, Error>(sql(printable(value)?.replace('\n', "\n  "))));
}

/// Prints a value, if it is SQL.
pub(super) fn print(output: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    Ok(output.write_str(&printable(value)?)?)
}

fn sql(text: String) -> Value {
    Value::from_safe_string(text)
}

fn printable(value: &Value) -> Result<String, Error> {
    let is_sql = value.is_safe() || value.downcast_object_ref::<NameObject>().is_some();
    if is_sql || value.kind() == ValueKind::Number {
        Ok(value.to_string())
    } else {
        Err(wrong(value, "is no SQL: it needs a filter"))
    }
}

/// SQL for each value, with commas in between.
fn joined(values: &Value, write: impl Fn(&Value) -> Result<String, Error>) -> Result<Value, Error> {
    let parts = values.try_iter()?.map(|value| write(&value)).collect::<Result<Vec<_>, _>>()?;
    Ok(sql(parts.join(", ")))
}

fn literal(dialect: Dialect, value: &Value) -> Result<String, Error> {
    Ok(dialect.text_literal(text(value)?))
}

fn column(dialect: Dialect, value: &Value) -> Result<String, Error> {
    Ok(dialect.column(text(value)?))
}

fn timestamp(dialect: Dialect, value: &Value) -> Result<Value, Error> {
    let moment = value.downcast_object_ref::<Moment>();
    let Moment(time) = moment.ok_or_else(|| wrong(value, "is no point in time"))?;
    Ok(sql(dialect.timestamp_literal(*time)))
}

fn text(value: &Value) -> Result<&str, Error> {
    value.as_str().ok_or_else(|| wrong(value, "is no text"))
}

fn wrong(value: &Value, why: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{value:?} {why}"))
}

#[cfg(test)]
mod tests {
    use minijinja::{AutoEscape, context};

    use super::*;

    fn written(template: &str, context: Value) -> Result<String, String> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("sql".into()));
        environment.set_formatter(print);
        add_all(&mut environment, Dialect::Postgres);
        environment.render_str(template, context).map_err(|error| error.to_string())
    }

    #[test]
    fn only_sql_is_printed() {
        let context = context! { name => "it's", names => vec!["a\"", "b"], none => () };
        for (template, sql) in [
            ("{{ name | literal }}", "'it''s'"),
            ("{{ names | literals }}", "'a\"', 'b'"),
            ("{{ name | column }}", "\"it's\""),
            ("{{ names | columns }}", "\"a\"\"\", \"b\""),
            ("{{ names | length }}", "2"),
            ("{% set quoted %}{{ name | literal }}{% endset %}{{ quoted }}", "'it''s'"),
        ] {
            assert_eq!(written(template, context.clone()).as_deref(), Ok(sql), "{template}");
        }
        for template in
            ["{{ name }}", "{{ names }}", "{{ names | list }}", "{{ name | timestamp }}", "{{ none }}"]
        {
            let error = written(template, context.clone()).expect_err(template);
            assert!(error.contains("is no SQL") || error.contains("is no point in time"), "{error}");
        }
    }
}
