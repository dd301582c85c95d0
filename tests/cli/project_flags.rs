//! `flags:` of dbt_project.yml and `config:` of profiles.yml, set to what would mislead this tool most.

use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, PREVIOUS};

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

/// The same calls with and without the flags below a key of a file, and with the variables of the same names.
fn flags_change_nothing(dbt: Dbt, file: &str, key: &str) {
    let plain = Lab::new(Engine::DuckDb, dbt, Events::SHORT);
    let mut lab = Lab::new(Engine::DuckDb, dbt, Events::SHORT);
    lab.write(file, &format!("{}\n{key}:{WORST}", lab.read(file)));
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

#[test]
fn flags_of_the_project_change_nothing_for_dbt() {
    flags_change_nothing(NEW, "dbt_project.yml", "flags");
}

#[test]
fn flags_of_the_project_change_nothing_for_the_previous_dbt() {
    flags_change_nothing(PREVIOUS, "dbt_project.yml", "flags");
}

/// There, it takes precedence over a flag behind the subcommand.
#[test]
fn the_config_of_profiles_changes_nothing_for_the_oldest_dbt() {
    flags_change_nothing(OLD, "profiles.yml", "config");
}

/// dbt 1.12 is installed without it here: what it would print and write is in `dbt_2/parser.rs`.
#[test]
fn the_v2_parser_is_the_users_choice() {
    let lab = Lab::empty_with(Engine::DuckDb, NEW);
    let project = lab.read("dbt_project.yml");
    lab.write("dbt_project.yml", &format!("{project}\nflags:\n  use_v2_parser: true\n"));
    for call in [&["models", "--select", "+page_engagement"][..], &["check", "--parse"]] {
        let output = lab.tool(call);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
        assert!(output.stderr.contains("v2 parser"), "{output}");
    }
}
