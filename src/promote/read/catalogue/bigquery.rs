//! BigQuery's catalogue.

use super::super::options::TableOption;
use super::answered::{Answered, cell};
use crate::promote::plan::{Layout, Physical};
use crate::warehouse::Dialect;

/// The questions about one table.
pub(super) const QUESTIONS: [&str; 3] =
    ["catalogue/definition.sql", "catalogue/options.sql", "catalogue/size.sql"];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    let statement = answers.first(0).unwrap_or_default();
    physical.layout = Layout::of_statement(&statement).filter(|_| !statement.is_empty());
    for row in answers.rows(1) {
        let Some(option) = TableOption::shown(cell(row, 0), &cell(row, 1)) else { continue };
        if option.name == "table_format" {
            physical.is_iceberg = cell(row, 1).to_lowercase().contains("iceberg");
        }
        option.add_to(&mut physical.held);
        if let (Some(layout), Some(value)) = (&mut physical.layout, option.value) {
            layout.properties.insert(option.name, value);
        }
    }
    physical.bytes = answers.rows(2).first().and_then(|row| cell(row, 0).parse().ok());
    if let Some(layout) = &mut physical.layout {
        layout.find_partition_column();
    }
    physical.hold_layout(Dialect::BigQuery);
}

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;
    use crate::promote::plan::Property;

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
            &["table_format", "\"ICEBERG\""],
        ]);
        let mut physical = Physical::default();
        read(Answered(&[ddl, options, rows(&[&["1500000000", "7"]])]), &mut physical);
        assert_eq!(physical.bytes, Some(1_500_000_000));
        let labels = ["the label a: b", "the label c: d"].map(str::to_owned).to_vec();
        assert_eq!(physical.held.get(&Property::Labels), Some(&labels));
        assert!(physical.held.contains_key(&Property::NameOptions) && physical.is_iceberg);
        let layout = physical.layout.expect("understood");
        assert_eq!(layout.filtered_by(), Some("t"));
        let names: Vec<_> = layout.properties.keys().collect();
        assert_eq!(
            names,
            [
                "description",
                "labels",
                "partition_expiration_days",
                "require_partition_filter",
                "table_format"
            ]
        );
    }
}
