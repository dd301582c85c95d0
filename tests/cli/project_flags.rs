//! `flags:` of dbt_project.yml, set to what would mislead this tool most.

use crate::support::{Engine, Events, Lab, NEW};

/// `warn_error` is not among them: that warnings are errors is for the project to say, and no run gets better by it.
const WORST: &str = "
  cache_selected_only: true
  debug: true
  fail_fast: true
  indirect_selection: empty
  log_format: json
  log_format_file: json
  log_level: none
  log_level_file: none
  partial_parse: false
  populate_cache: false
  printer_width: 10
  static_parser: false
  use_colors: true
  use_colors_file: true
  use_experimental_parser: false
  write_json: false
";

/// The same calls with and without the flags, and with the variables of the same names.
#[test]
fn flags_of_the_project_change_nothing() {
    let plain = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let mut lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    lab.write("dbt_project.yml", &format!("{}\nflags:{WORST}", lab.read("dbt_project.yml")));
    let select = ["--select", "+page_engagement"];
    let start = ["--start-date", Events::START];
    let calls = [
        [&["models"], &select[..]].concat(),
        [&["plan"], &select[..], &start].concat(),
        [&["run", "--once"], &select[..], &start].concat(),
        vec!["check", "--parse"],
    ];
    for call in &calls {
        let (with, without) = (lab.tool(call), plain.tool(call));
        assert_eq!((with.code, &with.stdout), (without.code, &without.stdout), "{with}");
        assert_eq!(with.stderr.contains("rror"), without.stderr.contains("rror"), "{with}");
    }
    let rows = |lab: &Lab| lab.lines("select count(*) from staging_derived.page_engagement");
    assert_eq!(rows(&lab), rows(&plain));

    for (name, value) in [("QUIET", "1"), ("PRINT", "0"), ("STATE", "nowhere"), ("WRITE_JSON", "0")] {
        lab.set(&format!("DBT_{name}"), value);
    }
    let with = lab.tool(&calls[0]).success();
    assert_eq!(with.stdout, plain.tool(&calls[0]).stdout);
}
