//! What `promote` can do on which warehouse.

use std::fmt::Write;

use clap::ValueEnum;
use snowplow_backfill::promote::{CopyStrategy, KnownProperty};
use snowplow_backfill::warehouse::Dialect;

use crate::{code, read, table};

fn name(strategy: CopyStrategy) -> String {
    strategy.to_string()
}

pub fn text() -> String {
    let rows = Dialect::ALL.map(|dialect| {
        let strategies: Vec<_> = CopyStrategy::of(dialect).iter().copied().map(name).collect();
        [
            format!("`{dialect}`"),
            code(strategies.iter().map(String::as_str)),
            dialect.longest_name().to_string(),
        ]
    });
    table(["`--dialect`", "`--strategy`, the default first", "bytes of a name"], rows)
}

pub fn strategies() -> String {
    let rows = CopyStrategy::value_variants().iter().map(|&strategy| {
        let value = strategy.to_possible_value().expect("a value of the flag");
        let on = Dialect::ALL.into_iter().filter(|&dialect| CopyStrategy::of(dialect).contains(&strategy));
        let on: Vec<_> = on.map(Dialect::adapter).collect();
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        [format!("`{}`", value.get_name()), help, code(on)]
    });
    table(["`--strategy`", "how a table is copied", "on"], rows)
}

/// A table for each warehouse.
pub fn properties() -> String {
    let mut text = String::new();
    for dialect in Dialect::ALL {
        let strategies: Vec<_> =
            CopyStrategy::of(dialect).iter().map(|&it| format!("`{}`", name(it))).collect();
        let head = ["property", "configuration"].into_iter().map(str::to_owned);
        let head: Vec<_> = head.chain(strategies).chain(["of prod's former table".to_owned()]).collect();
        let _ = write!(text, "### `{dialect}`\n\n{}|{}\n", line(&head), "---|".repeat(head.len()));
        for known in KnownProperty::of(dialect) {
            let fates = known.becomes.iter().map(|fate| fate.describe());
            let cells =
                [known.title, known.config].into_iter().chain(fates).chain([known.of_replaced.describe()]);
            text += &line(&cells.map(str::to_owned).collect::<Vec<_>>());
        }
        text.push('\n');
    }
    text
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |")
}

#[test]
fn the_page_tells_what_is_proven_on_every_warehouse() {
    let page = read("src/promote/README.md");
    let (_, proven) = page.split_once("\n## What is proven\n").expect("the heading");
    for dialect in Dialect::ALL {
        assert!(proven.contains(&format!("\n| `{dialect}` |")), "{dialect} has no row");
    }
}
