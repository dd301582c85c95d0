//! The reference pages: what can be told from the code is written by it.
//!
//! A page is text with generated parts between two comments. `cargo xtask pages` writes these parts.
//! Otherwise these tests compare them with what would be written.

mod dbt_flags;
mod endings;
mod events;
mod flags;
mod links;
mod warehouses;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use snowplow_backfill::reference;

use crate::events::IsOf;

/// Set by `cargo xtask pages`.
const UPDATE: &str = "UPDATE_PAGES";

const HINT: &str = "run `cargo xtask pages` and look at what changes";

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// Writes a page, or compares it.
fn holds(page: &str, text: &str) {
    if std::env::var_os(UPDATE).is_some() {
        // Whole or not at all: other tests read it at the same time.
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let new = path.with_extension("md.new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &path)).expect("written");
    }
    assert!(read(page) == text, "{page} is outdated: {HINT}");
}

/// The page with other text in its generated parts, which are named and come in this order.
fn with_parts(page: &str, parts: &[(&str, String)]) -> String {
    let mut rest = page;
    let mut text = String::new();
    for (name, part) in parts {
        let begin = format!("<!-- generated: {name} -->\n");
        let (before, after) = rest.split_once(&begin).unwrap_or_else(|| panic!("{begin} is missing"));
        let (_, after) = after.split_once("<!-- end -->").expect("the end of a generated part");
        let _ = write!(text, "{before}{begin}\n{}\n\n<!-- end -->", part.trim());
        rest = after;
    }
    assert!(!rest.contains("<!-- generated"), "a part that nothing generates: {rest}");
    text + rest
}

/// A Markdown table.
fn table<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |");
    let mut text = line(&head.map(str::to_owned)) + &format!("|{}\n", "---|".repeat(COLUMNS));
    text.extend(rows.into_iter().map(|row| line(&row.map(|cell| cell.replace('|', "\\|")))));
    text
}

/// Names as code, one after the other.
fn code<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn rules() {
    holds("src/check/README.md", &reference::rules_page());
}

#[test]
fn flags() {
    let page = "src/cli/README.md";
    holds(page, &with_parts(&read(page), &[("flags", flags::text()), ("dbt's flags", dbt_flags::text())]));
}

#[test]
fn events_and_exit_codes() {
    let page = "src/output/README.md";
    let parts = [
        ("exit codes", endings::text()),
        ("events", events::table_of_events(IsOf::Backfill)),
        ("events of promotions", events::table_of_events(IsOf::Promotion)),
        ("fields", events::table_of_fields()),
        ("values", events::table_of_values()),
    ];
    holds(page, &with_parts(&read(page), &parts));
}

#[test]
fn warehouses() {
    let page = "src/promote/README.md";
    let parts = [
        ("strategies", warehouses::strategies()),
        ("warehouses", warehouses::text()),
        ("properties", warehouses::properties()),
    ];
    holds(page, &with_parts(&read(page), &parts));
}
