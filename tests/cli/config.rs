//! Where the values of flags come from: command line, environment, file or default. No test here needs dbt.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Output;
use crate::support::fake::{FakeDbt, listing, manifest, model};

fn project(file: &str) -> FakeDbt {
    let models = [model("carts", &["shop_incremental"], "incremental")];
    let files = json!({"manifest.json": manifest("1.11.16", &models)});
    let names = ["shop_manifest", "shop_limits", "shop_events", "carts"];
    let fake = FakeDbt::new(&json!({"ls": [{"stdout": listing(&names), "files": files}]}));
    if !file.is_empty() {
        std::fs::write(fake.path("snowplow-backfill.yml"), file).expect("written");
    }
    fake
}

/// Runs the tool with these environment variables.
fn tool(fake: &FakeDbt, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = fake.command(arguments);
    command.envs(variables.iter().copied());
    fake.redact(command.output().expect("the tool").into())
}

/// The error for a wrong file. dbt is not called.
fn complaint(file: &str, arguments: &[&str]) -> String {
    let fake = project(file);
    let output = fake.tool(arguments);
    assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
    assert_eq!(fake.calls(), Vec::<Vec<String>>::new());
    output.stderr
}

/// The lines of `--show-config` for these flags.
fn shown(output: &Output, flags: &[&str]) -> String {
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    let lines = output
        .stdout
        .lines()
        .filter(|line| flags.iter().any(|flag| line.split_whitespace().next() == Some(flag)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn shows_every_value_and_its_source() {
    let fake = project(
        "# for all commands\ntarget: staging\nselect: [+carts, 'tag:a,tag:b']\nvars: {a: 1, b: [x, yes]}\n\
         limit_days: 30\nrun:\n  limit-days: 60\n  max_duration: 2h\n  dbt_args: --fail-fast --threads 4\n",
    );
    let variables = [
        ("SNOWPLOW_BACKFILL_MAX_RUNS", "5"),
        ("SNOWPLOW_BACKFILL_DBT", "uv run dbt"),
        ("DBT_PROFILE", "shop"),
        ("DBT_TARGET", ""),
    ];
    let output = tool(&fake, &variables, &["run", "--show-config", "--until", "2024-01-01", "-v"]);
    assert_snapshot!(output, @r#"
    exit code: 0
    --- stdout
    snowplow-backfill run (snowplow-backfill.yml)

    --select                +carts 'tag:a,tag:b'       snowplow-backfill.yml:3:1: select
    --exclude               -                          default
    --selector              -                          default
    --state                 -                          default
    --defer                 false                      default
    --defer-state           -                          default
    --favor-state           false                      default
    --limit-days            60                         snowplow-backfill.yml:7:3: run.limit-days
    --max-limit-days        -                          default
    --start-date            -                          default
    --until                 2024-01-01                 command line
    --once                  false                      default
    --max-runs              5                          environment: SNOWPLOW_BACKFILL_MAX_RUNS
    --max-duration          2h                         snowplow-backfill.yml:8:3: run.max_duration
    --full-refresh          false                      default
    --remove-from-manifest  -                          default
    --vars                  '{"a":1,"b":["x","yes"]}'  snowplow-backfill.yml:4:1: vars
    --target                staging                    snowplow-backfill.yml:2:1: target
    --profile               shop                       environment: DBT_PROFILE
    --profiles-dir          -                          default
    --project-dir           -                          default
    --dbt                   'uv run dbt'               environment: SNOWPLOW_BACKFILL_DBT
    --threads               -                          default
    -- DBT_ARGS             --fail-fast --threads 4    snowplow-backfill.yml:9:3: run.dbt_args
    --yes                   false                      default
    --dry-run               false                      default
    --format                human                      default
    --journal               -                          default
    --verbose               true                       command line
    --- stderr
    "#);
    assert_eq!(fake.calls(), Vec::<Vec<String>>::new());
}

#[test]
fn the_stronger_source_wins() {
    let fake = project("limit_days: 1\nformat: json\nplan: {limit_days: 2}\n");
    let show = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = tool(&fake, variables, &[arguments, &["--show-config"]].concat());
        shown(&output, &["--limit-days"])
    };
    let variable = ("SNOWPLOW_BACKFILL_LIMIT_DAYS", "3");
    assert_eq!(show(&[], &["run"]), "--limit-days 1 snowplow-backfill.yml:1:1: limit_days");
    assert_eq!(show(&[], &["plan"]), "--limit-days 2 snowplow-backfill.yml:3:8: plan.limit_days");
    assert_eq!(show(&[variable], &["plan"]), "--limit-days 3 environment: SNOWPLOW_BACKFILL_LIMIT_DAYS");
    assert_eq!(show(&[variable], &["plan", "--limit-days", "4"]), "--limit-days 4 command line");
    // An empty variable sets nothing. A variable can turn off a switch that the file turns on.
    assert_eq!(show(&[("SNOWPLOW_BACKFILL_LIMIT_DAYS", "")], &["run"]), show(&[], &["run"]));
    let fake = project("once: true\n");
    let output = tool(&fake, &[("SNOWPLOW_BACKFILL_ONCE", "no")], &["run", "--show-config"]);
    assert_eq!(shown(&output, &["--once"]), "--once false environment: SNOWPLOW_BACKFILL_ONCE");
}

#[test]
fn the_values_reach_dbt() {
    let fake = project("select: +carts\nexclude: [a, b]\nprofiles_dir: profiles\nvars: 'day: 2024-01-01'\n");
    let output = tool(&fake, &[("SNOWPLOW_BACKFILL_TARGET", "staging")], &["models"]);
    assert_eq!((output.code, output.stdout.as_str()), (0, "carts shop_events shop_limits shop_manifest\n"));
    let call = fake.calls().remove(0).join(" ");
    assert!(
        call.contains("--select +carts --exclude a b --vars day: 2024-01-01"),
        "text goes to dbt as it is: {call}"
    );
    assert!(call.contains("--profiles-dir profiles --target staging"), "{call}");

    // A mapping is passed as JSON. In a folder below, paths are still relative to the file.
    let fake = project("select: +carts\nprofiles_dir: profiles\nvars: {day: 2024-01-01, n: [1]}\n");
    std::fs::create_dir(fake.path("below")).expect("a folder");
    let mut command = fake.command(&["models"]);
    let output = Output::from(command.current_dir(fake.path("below")).output().expect("the tool"));
    assert_eq!(output.code, 0, "{output}");
    let call = fake.calls().remove(0).join(" ");
    let folder = fake.path("profiles");
    assert!(call.contains(r#"--vars {"day":"2024-01-01","n":[1]}"#), "{call}");
    assert!(call.contains(&format!("--profiles-dir {}", folder.display())), "{call}");
}

#[test]
fn the_command_that_starts_dbt_may_be_a_path_relative_to_the_file() {
    let fake = project("dbt: ./dbt\n");
    std::fs::create_dir(fake.path("below")).expect("a folder");
    for folder in [".", "below"] {
        let mut command = fake.command(&["models"]);
        command.env_remove("SNOWPLOW_BACKFILL_DBT").current_dir(fake.path(folder));
        let output = Output::from(command.output().expect("the tool"));
        assert_eq!(output.code, 0, "{output}");
    }
}

#[test]
fn arguments_for_dbt_are_replaced_as_a_whole() {
    let fake = project("run: {dbt_args: [--fail-fast]}\n");
    let show = |arguments: &[&str]| {
        let output = fake.tool(&[&["run", "--show-config"], arguments].concat());
        shown(&output, &["--"])
    };
    assert_eq!(show(&[]), "-- DBT_ARGS --fail-fast snowplow-backfill.yml:1:7: run.dbt_args");
    assert_eq!(show(&["--", "--defer"]), "-- DBT_ARGS --defer command line");
    // It is checked as if it were typed.
    let complaint = complaint("run: {dbt_args: [--full-refresh]}\n", &["run"]);
    assert!(complaint.starts_with("error: --full-refresh cannot be passed to every dbt run"), "{complaint}");
}

#[test]
fn a_value_that_conflicts_with_a_stronger_one_is_ignored() {
    let fake = project("full_refresh: true\nselector: daily\nmax_runs: 3\n");
    let arguments =
        ["run", "--remove-from-manifest", "carts", "--select", "+carts", "--once", "--dbt", "no-such-dbt"];
    assert_snapshot!(fake.tool(&arguments), @"
    exit code: 2
    --- stdout
    --- stderr
    note: snowplow-backfill.yml:2:1: selector: ignored because of --select
    note: snowplow-backfill.yml:3:1: max_runs: ignored because of --once
    note: snowplow-backfill.yml:1:1: full_refresh: ignored because of --remove-from-manifest
    error: cannot start `no-such-dbt`: there is no such program. Activate the environment that dbt is installed in, or say with --dbt how to start dbt
    ");
    let output = fake.tool(&[&arguments[..], &["--show-config"]].concat());
    let dropped: Vec<_> = output.stdout.lines().filter(|line| line.contains("ignored because of")).collect();
    assert_eq!(dropped.len(), 3, "{output}");

    // The environment is stronger than the file.
    let output = tool(&fake, &[("SNOWPLOW_BACKFILL_ONCE", "true")], &["run", "--show-config"]);
    assert_eq!(
        shown(&output, &["--once", "--max-runs"]),
        "--once true environment: SNOWPLOW_BACKFILL_ONCE\n--max-runs - default"
    );
}

#[test]
fn conflicting_values_of_one_source_are_an_error() {
    assert_snapshot!(complaint("once: true\nrun:\n  max_runs: 3\nfull_refresh: true\nremove_from_manifest: \
                                [a]\n", &["run"]), @"
    error: --full-refresh and --remove-from-manifest cannot be used together:
      snowplow-backfill.yml:4:1: full_refresh
      snowplow-backfill.yml:5:1: remove_from_manifest
    ");
    let fake = project("");
    let variables = [("SNOWPLOW_BACKFILL_ONCE", "true"), ("SNOWPLOW_BACKFILL_MAX_RUNS", "3")];
    assert_snapshot!(tool(&fake, &variables, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --once and --max-runs cannot be used together:
      environment: SNOWPLOW_BACKFILL_ONCE
      environment: SNOWPLOW_BACKFILL_MAX_RUNS
    ");
}

#[test]
fn unknown_keys() {
    assert_snapshot!(complaint("target: dev\nlimit_day: \
                                30\n", &["run"]), @"error: snowplow-backfill.yml:2:1: unknown key `limit_day`: did you mean `limit_days`?");
    assert_snapshot!(complaint("plan:\n  threads: \
                                1\n", &["run"]), @"error: snowplow-backfill.yml:2:3: unknown key `threads` for the command plan");
    assert_snapshot!(complaint("modells: \
                                {}\n", &["run"]), @"error: snowplow-backfill.yml:1:1: unknown key `modells`: did you mean `models`?");
    assert_snapshot!(complaint("zzz: 1\n", &["run"]), @"error: snowplow-backfill.yml:1:1: unknown key `zzz`");
    assert_snapshot!(complaint("1: \
                                2\n", &["run"]), @"error: snowplow-backfill.yml: keys must be text, but `1` is not");
    assert_snapshot!(complaint("limit_days: 1\nlimit-days: \
                                1\n", &["run"]), @"error: snowplow-backfill.yml:2:1: `limit-days` is set twice, also as `limit_days`");
    assert_snapshot!(complaint("project_dir: \
                                elsewhere\n", &["run"]), @"error: snowplow-backfill.yml:1:1: `project_dir` cannot be set here, because this file belongs to one project");
}

#[test]
fn malformed_files() {
    assert_snapshot!(complaint("target: dev\nselect: \
                                [+a\n", &["run"]), @"error: snowplow-backfill.yml:3:1: not valid YAML: did not find expected ',' or ']' at line 3 column 1, while parsing a flow sequence at line 2 column 9");
    assert_snapshot!(complaint("run:\n\ttarget: \
                                dev\n", &["run"]), @"error: snowplow-backfill.yml:2:1: not valid YAML: found character that cannot start any token at line 2 column 1, while scanning for the next token");
    assert_snapshot!(complaint("- \
                                target\n", &["run"]), @"error: snowplow-backfill.yml: must be a mapping of flags to values, such as `limit_days: 30`");
    assert_snapshot!(complaint("target: a\ntarget: \
                                b\n", &["run"]), @r#"error: snowplow-backfill.yml:1:1: not valid YAML: duplicate entry with key "target""#);
    assert_snapshot!(complaint("run: \
                                +carts\n", &["run"]), @"error: snowplow-backfill.yml:1:1: `run` must be a mapping: it holds the flags of the command run");
    // An empty file sets nothing.
    assert_eq!(project("# nothing yet\n").tool(&["run", "--show-config"]).code, 0);
}

#[test]
fn invalid_values() {
    assert_snapshot!(complaint("target: dev\nlimit_days: \
                                0\n", &["run"]), @"error: snowplow-backfill.yml:2:1: limit_days: invalid value '0' for '--limit-days <DAYS>': must be a whole number of days from 1 to 36500");
    assert_snapshot!(complaint("run: {start_date: last \
                                week}\n", &["run"]), @"error: snowplow-backfill.yml:1:7: run.start_date: invalid value 'last week' for '--start-date <DATE>': 'last week' is neither a date (2024-01-31) nor a UTC time (2024-01-31 12:00:00)");
    assert_snapshot!(complaint("format: xml\n", &["run"]), @"
    error: snowplow-backfill.yml:1:1: format: invalid value 'xml' for '--format <FORMAT>'
      [possible values: human, json, github]
    ");
    assert_snapshot!(complaint("once: \
                                maybe\n", &["run"]), @"error: snowplow-backfill.yml:1:1: once: invalid value 'maybe' for '--once': value was not a boolean");
    assert_snapshot!(complaint("threads:\n", &["run"]), @"error: snowplow-backfill.yml:1:1: threads: the value is missing: give one, or remove the key");
    assert_snapshot!(complaint("target: [a, \
                                b]\n", &["run"]), @"error: snowplow-backfill.yml:1:1: target: --target takes one value, not a list");
    assert_snapshot!(complaint("select: \
                                [[a]]\n", &["run"]), @"error: snowplow-backfill.yml:1:1: select: each value must be text, a number, true or false");
    assert_snapshot!(complaint("select: \
                                it's\n", &["run"]), @"error: snowplow-backfill.yml:1:1: select: the quotes in `it's` do not match");
    assert_snapshot!(complaint("limit_days: {a: \
                                1}\n", &["run"]), @r#"error: snowplow-backfill.yml:1:1: limit_days: invalid value '{"a":1}' for '--limit-days <DAYS>': must be a whole number of days from 1 to 36500"#);
    // Vars are checked as if they were typed.
    assert_snapshot!(complaint("vars: {models_to_run: \
                                a}\n", &["run"]), @"error: --vars sets models_to_run, which this tool sets itself: leave it out and use --select, --exclude or --selector");
}

#[test]
fn invalid_variables() {
    let fake = project("");
    let answer =
        |name: &str, value: &str| tool(&fake, &[(name, value)], &["run", "--dbt", "no-such-dbt"]).stderr;
    assert_snapshot!(answer("SNOWPLOW_BACKFILL_LIMIT_DAYS", "0"), @"error: SNOWPLOW_BACKFILL_LIMIT_DAYS in the environment: invalid value '0' for '--limit-days <DAYS>': must be a whole number of days from 1 to 36500");
    assert_snapshot!(answer("SNOWPLOW_BACKFILL_ONCE", "maybe"), @"error: SNOWPLOW_BACKFILL_ONCE in the environment: invalid value 'maybe' for '--once': value was not a boolean");
    assert_snapshot!(answer("SNOWPLOW_BACKFILL_SELECT", "it's"), @"error: SNOWPLOW_BACKFILL_SELECT in the environment: the quotes in `it's` do not match");
    assert_snapshot!(answer("SNOWPLOW_BACKFILL_LIMITDAYS", "30"), @"
    note: SNOWPLOW_BACKFILL_LIMITDAYS in the environment matches no flag; did you mean SNOWPLOW_BACKFILL_LIMIT_DAYS?
    error: cannot start `no-such-dbt`: there is no such program. Activate the environment that dbt is installed in, or say with --dbt how to start dbt
    ");
}

#[test]
fn a_file_with_another_extension_is_an_error() {
    let fake = project("");
    std::fs::write(fake.path("snowplow-backfill.yaml"), "target: dev\n").expect("written");
    assert_snapshot!(fake.tool(&["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/snowplow-backfill.yaml is not read: rename it to snowplow-backfill.yml
    ");
}

#[test]
fn a_value_for_all_commands_is_ignored_if_it_needs_another_flag() {
    let fake = project("limit_days: 30\n");
    let show = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output =
            tool(&fake, variables, &[&["promote", "--to", "prod", "--show-config"], arguments].concat());
        shown(&output, &["--limit-days"])
    };
    assert_eq!(show(&[], &[]), "--limit-days 90 default");
    assert_eq!(show(&[("SNOWPLOW_BACKFILL_LIMIT_DAYS", "7")], &[]), "--limit-days 90 default");
    assert_eq!(show(&[], &["--sync"]), "--limit-days 30 snowplow-backfill.yml:1:1: limit_days");
    // A value for this command alone is never ignored.
    let wrong = project("promote: {limit_days: 30}\n").tool(&["promote", "--to", "prod"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("--sync"), "{wrong}");
}

#[test]
fn the_file_in_the_documentation_is_read() {
    let page = include_str!("../../src/config/README.md");
    let part = page.split("## The file").nth(1).expect("the part");
    let file = part.split("```yaml\n").nth(1).and_then(|text| text.split("```").next()).expect("a file");
    let fake = project(file);
    let output = fake.tool(&["run", "--show-config"]);
    assert_eq!(
        shown(&output, &["--target", "--vars", "--limit-days", "--max-duration", "--exclude"]),
        "--exclude tag:heavy my_other_model snowplow-backfill.yml:9:3: run.exclude\n\
         --limit-days 60 snowplow-backfill.yml:7:3: run.limit_days\n\
         --max-duration 5h snowplow-backfill.yml:8:3: run.max_duration\n\
         --vars '{\"shop__currency\":\"EUR\"}' snowplow-backfill.yml:3:1: vars\n\
         --target staging snowplow-backfill.yml:2:1: target"
    );
    let output = fake.tool(&["promote", "--show-config"]);
    assert_eq!(shown(&output, &["--to"]), "--to prod snowplow-backfill.yml:12:3: promote.to");
}

#[test]
fn flags_that_replace_what_a_command_does_are_for_the_command_line_only() {
    assert_snapshot!(complaint("check: {explain: \
                                hook-missing}\n", &["check"]), @"error: snowplow-backfill.yml:1:9: `explain` cannot be set here, because it replaces what the command does: give it on the command line");
    assert_snapshot!(complaint("list-rules: \
                                true\n", &["run"]), @"error: snowplow-backfill.yml:1:1: `list-rules` cannot be set here, because it replaces what the command does: give it on the command line");
    assert_snapshot!(complaint("promote:\n  rollback: \
                                true\n", &["promote"]), @"error: snowplow-backfill.yml:2:3: `rollback` cannot be set here, because it replaces what the command does: give it on the command line");
    let fake = project("");
    let answer = |name: &str, command: &str| tool(&fake, &[(name, "true")], &[command]);
    assert_snapshot!(answer("SNOWPLOW_BACKFILL_EXPLAIN", "check").stderr, @"error: SNOWPLOW_BACKFILL_EXPLAIN in the environment: --explain cannot be set here, because it replaces what the command does: give it on the command line");
    assert_snapshot!(answer("SNOWPLOW_BACKFILL_LIST_RULES", "check").stderr, @"error: SNOWPLOW_BACKFILL_LIST_RULES in the environment: --list-rules cannot be set here, because it replaces what the command does: give it on the command line");
    let rollback = answer("SNOWPLOW_BACKFILL_ROLLBACK", "promote");
    assert!(rollback.code == 2 && rollback.stderr.contains("give it on the command line"), "{rollback}");
    let shown = tool(&fake, &[], &["check", "--show-config"]).success().stdout;
    assert!(!shown.contains("--explain") && !shown.contains("--list-rules"), "{shown}");
}

#[test]
fn the_configured_rules_are_shown_with_their_positions() {
    let file = "check:\n  rules:\n    hook-missing: off\n    hook-duplicated: on\n    \
                incremental-without-unique-key:\n      severity: warn\n      ignore:\n        - {model: \
                log_*, reason: appended to on purpose}\n    backfill-limit-left-in-project: {max_days: \
                200}\n";
    let output = project(file).tool(&["check", "--show-config"]).success();
    let rules = output.stdout.split("\nrules\n\n").nth(1).expect("rules");
    assert_snapshot!(rules, @"
    hook-missing                    off                                   snowplow-backfill.yml:3:5: check.rules.hook-missing
    hook-duplicated                 warn                                  snowplow-backfill.yml:4:5: check.rules.hook-duplicated
    incremental-without-unique-key  warn                                  snowplow-backfill.yml:6:7: check.rules.incremental-without-unique-key.severity
    incremental-without-unique-key  ignore log_*: appended to on purpose  snowplow-backfill.yml:8:11: check.rules.incremental-without-unique-key.ignore.0
    backfill-limit-left-in-project  max_days 200                          snowplow-backfill.yml:9:38: check.rules.backfill-limit-left-in-project.max_days
    ");
    assert!(!project("").tool(&["check", "--show-config"]).stdout.contains("\nrules\n"));
    assert!(!project(file).tool(&["run", "--show-config"]).stdout.contains("\nrules\n"));
    let wrong = project("check: {rules: {hook-missing: {severity: of}}}\n").tool(&["check", "--show-config"]);
    assert_snapshot!(wrong, @"
    exit code: 2
    --- stdout
    --- stderr
    error: snowplow-backfill.yml:1:32: rules.hook-missing: there is no severity `of`: did you mean `off`?
    ");
}

#[test]
fn the_rules_of_check_are_its_own() {
    let fake = project("check:\n  prod_target: live\n  rules:\n    hook-missing: off\n");
    assert_eq!(fake.tool(&["run", "--show-config"]).code, 0);
    let output = fake.tool(&["check", "--show-config"]);
    assert_eq!(
        shown(&output, &["--prod-target"]),
        "--prod-target live snowplow-backfill.yml:2:3: check.prod_target"
    );
    let arguments = ["check", "--manifest", "no-such-file"];
    assert_snapshot!(complaint("check:\n  rules:\n    hook-missing: off\n    hook-doubled: \
                                off\n", &arguments), @"error: snowplow-backfill.yml:4:5: there is no rule `hook-doubled`: did you mean `hook-duplicated`?");
    assert_snapshot!(complaint("check:\n  rule: \
                                {}\n", &arguments), @"error: snowplow-backfill.yml:2:3: unknown key `rule` for the command check: did you mean `rules`?");
    assert_snapshot!(complaint("rules: \
                                {}\n", &arguments), @"error: snowplow-backfill.yml:1:1: unknown key `rules`: it belongs under `check`, as `check: {rules: …}`");
}
