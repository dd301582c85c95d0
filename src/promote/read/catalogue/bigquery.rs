//! BigQuery's catalogue.

use std::sync::LazyLock;

use regex::Regex;

use super::answered::{Answered, cell};
use crate::promote::plan::{Layout, Physical};

/// The questions about one table.
pub(super) const QUESTIONS: [&str; 2] = ["catalogue/definition.sql", "catalogue/options.sql"];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    let statement = answers.first(0).unwrap_or_default();
    physical.layout = Layout::of_statement(&statement).filter(|_| !statement.is_empty());
    let options = answers.rows(1).iter().map(|row| (cell(row, 0), cell(row, 1)));
    for (option, value) in options.filter(|(_, value)| is_option_value(value)) {
        match (option.as_str(), &mut physical.layout) {
            ("partition_expiration_days", _) => physical.expires = true,
            ("description" | "friendly_name" | "labels" | "require_partition_filter", Some(layout)) => {
                layout.properties.insert(option, value);
            }
            // Other options belong to the one table: when it expires, who encrypts it.
            _ => {}
        }
    }
    if let Some(layout) = &mut physical.layout {
        layout.find_filter();
    }
}

/// Whether a value is written as the catalogue writes them: a boolean, a number, a text, a list of pairs of
/// texts. Values go into SQL.
fn is_option_value(value: &str) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        let text = r#""(?:[^"\\\r\n]|\\.)*""#;
        let pair = format!(r"(?:STRUCT)?\({text}, {text}\)");
        Regex::new(&format!(r"^(?:true|false|[0-9.]+|{text}|\[{pair}(?:, {pair})*\])$")).expect("a pattern")
    });
    VALUE.is_match(value)
}

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;

    #[test]
    fn options_of_bigquery_go_into_sql_as_they_are_or_not_at_all() {
        let ddl = rows(&[&[
            "CREATE TABLE `p.d.t`\n(\n  t TIMESTAMP\n)\nPARTITION BY DATE(t)\nOPTIONS(\n  x=1\n);",
        ]]);
        let options = rows(&[
            &["description", r#""it's \"ours\"""#],
            &["labels", r#"[STRUCT("a", "b"), STRUCT("c", "d")]"#],
            &["friendly_name", r#""x"); drop table y; --""#],
            &["partition_expiration_days", "30.0"],
            &["require_partition_filter", "true"],
        ]);
        let mut physical = Physical::default();
        read(Answered(&[ddl, options]), &mut physical);
        assert!(physical.expires);
        let layout = physical.layout.expect("understood");
        assert_eq!(layout.filtered_by.as_deref(), Some("t"));
        let names: Vec<_> = layout.properties.keys().collect();
        assert_eq!(names, ["description", "labels", "require_partition_filter"]);
    }
}
