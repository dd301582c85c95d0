//! What people see at the prompt: help, suggestions, completions, manual pages, versions.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::json;
use snowplow_backfill::failure::Interrupted;
use snowplow_backfill::outcome::Outcome;

use crate::support::fake::FakeDbt;
use crate::support::{NEW, Output};

fn tool(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snowplow-backfill"));
    command.args(arguments).env("COLUMNS", "80").env_remove("SNOWPLOW_BACKFILL_DBT");
    Output::from(command.output().expect("the tool"))
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = tool(&["--help"]).success().stdout;
    let list = help.split("Commands:\n").nth(1).and_then(|text| text.split("\n\n").next()).expect("commands");
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn help_fits_in_eighty_columns_and_ends_with_examples() {
    assert!(commands().contains(&"run".to_owned()), "{:?}", commands());
    for name in commands() {
        let help = tool(&[&name, "--help"]).success().stdout;
        let wide: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{name}: {wide:#?}");
        let examples = help.split("\nExamples:\n").nth(1).unwrap_or_default();
        assert!(
            examples.contains("  # ") && examples.contains(&format!("snowplow-backfill {name} ")),
            "{help}"
        );
        // A line that is wrapped at the terminal's width cannot be pasted.
        let lines: Vec<_> =
            examples.lines().take_while(|line| line.starts_with("  ") || line.is_empty()).collect();
        for pair in lines.windows(2).filter(|pair| pair[1].starts_with("    ")) {
            assert!(pair[0].ends_with('\\'), "{name}: {pair:#?}");
        }
        for line in lines.iter().filter(|line| !line.is_empty()) {
            let begins = ["  # ", "    ", "  snowplow-backfill ", "  models=$(", "  dbt ", "  source <("];
            assert!(begins.iter().any(|begin| line.starts_with(begin)), "{name}: {line}");
        }
    }
}

#[test]
fn mistyped_commands_and_flags_get_suggestions() {
    assert_snapshot!(tool(&["modles"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: unrecognized subcommand 'modles'

      tip: a similar subcommand exists: 'models'

    Usage: snowplow-backfill <COMMAND> [OPTIONS]

    For more information, try '--help'.
    ");
    assert_snapshot!(tool(&["plan", "--slect", "+a"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: unexpected argument '--slect' found

      tip: a similar argument exists: '--select'
      tip: to pass '--slect' as a value, use '-- --slect'

    Usage: snowplow-backfill plan --select <SELECTOR>... [-- <DBT ARGS>...]

    For more information, try '--help'.
    ");
    assert_snapshot!(tool(&["models", "--format", "jsno"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value 'jsno' for '--format <FORMAT>'
      [possible values: human, json]

      tip: a similar value exists: 'json'

    For more information, try '--help'.
    ");
    let page = tool(&["man", "xyz"]);
    assert!(
        page.code == 2
            && page.stderr.starts_with("error: there is no command `xyz`: choose one of run, plan"),
        "{page}"
    );
    assert_snapshot!(tool(&["-v"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: a command is missing: `snowplow-backfill --help` lists them

    Usage: snowplow-backfill <COMMAND> [OPTIONS]

    For more information, try '--help'.
    ");
}

#[test]
fn completions_in_bash_know_commands_flags_and_values() {
    let script = tool(&["completions", "bash"]).success().stdout;
    let complete = |words: &[&str]| {
        let word = words.last().expect("a word");
        let before = words.len().checked_sub(2).map_or("snowplow-backfill", |place| words[place]);
        let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
        let code = format!(
            "{script}\nCOMP_WORDS=(snowplow-backfill {}); COMP_CWORD={}\n\
             completer=$(complete -p snowplow-backfill | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
             $completer snowplow-backfill '{word}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            words.len(),
        );
        let output = Command::new("bash").args(["--norc", "-c", &code]).output().expect("bash");
        Output::from(output).success().stdout.trim().to_owned()
    };
    assert_eq!(complete(&["mod"]), "models");
    assert_eq!(complete(&["run", "--max-"]), "--max-limit-days --max-runs --max-duration");
    assert_eq!(complete(&["run", "--format", "j"]), "json");
    assert_eq!(complete(&["check", "--explain", "hook-m"]), "hook-missing");
    assert_eq!(complete(&["man", "che"]), "check");
}

#[test]
fn help_and_man_suggest_commands() {
    assert_snapshot!(tool(&["help", "chek"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: unrecognized subcommand 'chek'

      tip: a similar subcommand exists: 'check'

    Usage: snowplow-backfill <COMMAND> [OPTIONS]

    For more information, try '--help'.
    ");
    assert_snapshot!(tool(&["man", "chek"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: there is no command `chek`: did you mean `check`?
    ");
    assert_snapshot!(tool(&["check", "--explain", "unique-key"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: there is no rule `unique-key`: did you mean `incremental-without-unique-key`?
    ");
}

/// After `| head`, the tool ends as SIGPIPE would end it: silently.
#[test]
fn the_reader_of_stdout_closes_the_pipe() {
    let fake = FakeDbt::new(&json!({}));
    fs::write(fake.path("snowplow-backfill.yml"), "check: {rules: {hook-missing: off}}\n").expect("written");
    for arguments in [
        &["check", "--explain"][..],
        &["check", "--list-rules"],
        &["check", "--show-config"],
        &["completions", "bash"],
        &["man"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = Output::from(fake.command(arguments).stdout(writer).output().expect("the tool"));
        assert_eq!((output.code, output.stderr.as_str()), (141, ""), "{arguments:?}: {output}");
    }
}

#[test]
fn completions_for_every_shell_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = tool(&["completions", shell]).success().stdout;
        assert!(script.contains("show-config"), "{shell}");
        // The generator for PowerShell does not complete values.
        assert!(shell == "powershell" || script.contains("hook-not-understood"), "{shell}");
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}

/// The tests must run without these shells, so they only look for each flag in the form that the script
/// needs.
#[test]
fn completions_for_every_shell_know_every_flag() {
    let flag = regex::Regex::new(r"(?m)^ +(?:-\w, )?--([a-z][a-z-]*)").expect("a pattern");
    for (shell, begin, before, behind) in [
        ("bash", "_snowplow__backfill() {", "--", [" ", "\"", ")"]),
        ("zsh", "#compdef snowplow-backfill\n", "--", ["=", "[", "'"]),
        ("fish", "# Print an optspec", "-l ", [" ", "\n", "\n"]),
        ("powershell", "\nusing namespace System.Management.Automation", "'--", ["'", "'", "'"]),
    ] {
        let script = tool(&["completions", shell]).success().stdout;
        assert!(script.starts_with(begin), "{shell}: {}", &script[..100]);
        for command in commands() {
            let help = tool(&[&command, "--help"]).success().stdout;
            for found in flag.captures_iter(&help) {
                let has = behind.iter().any(|end| script.contains(&format!("{before}{}{end}", &found[1])));
                assert!(has, "{shell}: {command} --{}", &found[1]);
            }
        }
    }
}

#[test]
fn the_help_of_run_has_every_exit_code() {
    let help = tool(&["run", "--help"]).success().stdout;
    let section = help.split("\nExit codes:\n").nth(1).expect("a section");
    let begin = regex::Regex::new(r"^  ((?:\d+(?:, | and )?)+)").expect("a pattern");
    let lines = section.lines().map_while(|line| Some(begin.captures(line)?[1].to_owned()));
    let told: BTreeSet<u8> = lines
        .flat_map(|codes| codes.replace(" and ", ", ").split(", ").map(str::to_owned).collect::<Vec<_>>())
        .map(|code| code.parse().expect("a code"))
        .collect();
    // A `run` goes on when the reader of its output goes away.
    let reader_gone = Outcome::Interrupted { signal: Interrupted::READER_GONE.signal };
    let all = Outcome::all().into_iter().filter(|outcome| *outcome != reader_gone);
    assert_eq!(told, all.map(|outcome| outcome.exit_code()).collect(), "{help}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("man1");
    tool(&["man", "--dir", path.to_str().expect("UTF-8")]).success();
    for command in commands() {
        let page = fs::read_to_string(path.join(format!("snowplow-backfill-{command}.1"))).expect(&command);
        assert!(page.contains(".SH NAME") && page.contains(".SH \"NOTES AND EXAMPLES\"\n.nf"), "{page}");
        assert_eq!(tool(&["man", &command]).success().stdout, page);
    }
    let program = fs::read_to_string(path.join("snowplow-backfill.1")).expect("a page");
    let sections = |page: &str| -> Vec<String> {
        let titles = page.lines().filter_map(|line| line.strip_prefix(".SH "));
        titles.map(|title| title.trim_matches('"').to_owned()).collect()
    };
    let reference = ["EXIT STATUS", "ENVIRONMENT", "FILES", "NOTES AND EXAMPLES"];
    assert!(sections(&program).ends_with(&reference.map(str::to_owned)), "{program}");
    for command in commands() {
        let page = tool(&["man", &command]).success().stdout;
        // These two have nothing to do with a project.
        let reference = match command.as_str() {
            "completions" | "man" => &["EXIT STATUS", "NOTES AND EXAMPLES"][..],
            _ => &reference[..],
        };
        let found = sections(&page);
        let found: Vec<_> = found.iter().skip_while(|title| *title != "EXIT STATUS").collect();
        assert_eq!(found, reference, "{command}");
        let codes = page.split(".SH \"EXIT STATUS\"").nth(1).and_then(|rest| rest.split(".SH").next());
        for code in ["\\fB0\\fR", "\\fB2\\fR"] {
            assert!(codes.expect("a section").contains(code), "{command}: {page}");
        }
    }
    assert_eq!(tool(&["man"]).success().stdout, program);
    assert!(program.contains("snowplow\\-backfill\\-run(1)"), "{program}");
}

#[test]
fn the_version_with_and_without_the_details_for_a_bug_report() {
    let version = format!("snowplow-backfill {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(tool(&["--version"]).success().stdout, version);
    assert_eq!(tool(&["-V"]).success().stdout, version);

    let said = "Core:\n  - installed: 1.11.16\n  - latest:    1.12.6  - Update available!\n\nPlugins:\n  \
                - postgres: 1.11.0 - Up to date!\n  - duckdb:   1.11.1 - Up to date!\n";
    let fake = FakeDbt::new(&json!({"--version": [{"stdout": said}, {"stdout": said}]}));
    let long = fake.tool(&["--version", "--verbose"]).success().stdout;
    assert_eq!(long, fake.tool(&["-v", "-V"]).success().stdout);
    assert!(long.starts_with(&version), "{long}");
    let lines: Vec<_> = long.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(lines, ["snowplow-backfill", "commit", "built", "os", "dbt", "a", "adapters"]);
    assert!(long.contains("rustc 1.") && long.contains(std::env::consts::ARCH), "{long}");
    assert!(
        long.contains("  dbt       1.11.16, started as `[PROJECT]/dbt`\n            a tested version\n"),
        "{long}"
    );
    assert!(long.ends_with("  adapters  duckdb 1.11.1, postgres 1.11.0\n"), "{long}");
}

#[test]
fn the_version_of_the_dbt_that_is_configured() {
    // Configured in the project's file, and with real dbt.
    let fake = FakeDbt::new(&json!({}));
    let dbt = NEW.program("dbt");
    fs::write(fake.path("snowplow-backfill.yml"), format!("dbt: {}\n", dbt.display())).expect("written");
    let mut command = fake.command(&["--version", "--verbose"]);
    let output =
        Output::from(command.env_remove("SNOWPLOW_BACKFILL_DBT").output().expect("the tool")).success();
    assert!(output.stdout.contains("duckdb 1.") && output.stdout.contains("postgres 1."), "{output}");
}

#[test]
fn a_bug_report_is_possible_without_dbt() {
    for (variable, answer) in [
        ("no-such-dbt", "  dbt       cannot start `no-such-dbt`: there is no such program"),
        (
            "sh -c 'echo hello'",
            "  dbt       `sh -c 'echo hello' --version` (exit code 0) printed no version of dbt: hello",
        ),
        ("'", "  dbt       --dbt: the quotes in `'` do not match"),
    ] {
        let fake = FakeDbt::new(&json!({}));
        let mut command = fake.command(&["--version", "--verbose"]);
        let output = Output::from(command.env("SNOWPLOW_BACKFILL_DBT", variable).output().expect("the tool"));
        assert!(output.success().stdout.contains(answer), "{answer}");
    }
    let fake = FakeDbt::new(&json!({}));
    fs::write(fake.path("snowplow-backfill.yml"), "limit_day: 1\n").expect("written");
    let output = fake.tool(&["--version", "--verbose"]).success();
    assert!(output.stdout.contains("  dbt       snowplow-backfill.yml:1:1: unknown key"), "{output}");
}
