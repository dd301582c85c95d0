//! The documentation of the rules: for `--explain`, `--list-rules` and the page beside this file.

use std::fmt::Write;

use super::rule::{InRuns, Rule};
use super::rules::RULES;

/// The width of the page's sentences, in columns.
const PAGE: usize = 120;

/// The page of all rules, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut text = format!(
        "# The rules of `snowplow-backfill check`\n\n\
         `cargo xtask pages` writes this page from the texts in `src/check/rules/`. To read about one rule \
         on the command line, run\n\
         `snowplow-backfill check --explain <RULE>`.\n\n{}\n\
         An `error` means wrong or missing rows, a backfill that never ends, or a run that fails. A `warn` \
         costs time, or is probably\n\
         an oversight. A `hint` is right with the dbt in use, and will not be with a newer one.\n\n\
         `run` and `plan` apply some rules, too, where they concern the selection, whatever the configuration \
         says: they\n\
         refuse what is certain to make a run fail, never get anywhere or lose rows, and warn of what may.\n\n\
         In `snowplow-backfill.yml` you can turn off a rule, change it, or exempt a model from it with a reason:\n\n\
         ```yaml\ncheck:\n  rules:\n    hook-duplicated: off\n    incremental-without-optimize: error\n    \
         incremental-without-unique-key:\n      severity: warn\n      ignore:\n        - model: log_*  # a \
         name, or a pattern\n          reason: appended to on purpose\n```\n\nYou can also exempt a model in \
         its own `meta`:\n\n\
         ```sql\n{{{{ config(meta={{'snowplow_backfill': {{'ignore': {{'alias-differs-from-name': 'known by \
         its old name'}}}}}}) }}}}\n```\n",
        table()
    );
    for rule in RULES {
        let _ = write!(text, "\n{}", explain(rule, None));
    }
    text
}

/// The section of a rule. Its sentences fill the given columns of a terminal.
#[must_use]
pub fn explain(rule: &Rule, columns: Option<usize>) -> String {
    let head = format!("{}. Severity: `{}`.", rule.title, rule.severity.name());
    let [head, why] = [&head, rule.why].map(|text| filled(text, columns.unwrap_or(PAGE), ""));
    let mut text = format!("## {}\n\n{head}\n\n{why}\n", rule.id);
    if let Some(number) = rule.number() {
        let _ = write!(text, "\nSetting: `{}` ({}), {}.\n", number.key, number.default, number.meaning);
    }
    for (label, example) in [("Wrong", &rule.wrong), ("Right", &rule.right)] {
        let _ = write!(text, "\n{label}:\n\n```{}\n{}\n```\n", example.language, example.text);
    }
    text
}

/// One line per rule. On a terminal of the given columns, longer lines continue below the title.
#[must_use]
pub fn list(columns: Option<usize>) -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let line = |rule: &Rule| {
        let before = format!("{:<width$}  {:<5}  ", rule.id, rule.severity.name());
        let in_runs = match rule.in_runs {
            InRuns::Ignored => "",
            InRuns::Warned => " (run and plan warn of it, too)",
            InRuns::Refused => " (run and plan refuse it, too)",
        };
        let text = format!("{before}{}{in_runs}", rule.title);
        match columns {
            Some(columns) => filled(&text, columns, &" ".repeat(before.len().min(columns / 2))) + "\n",
            None => text + "\n",
        }
    };
    RULES.iter().map(line).collect()
}

fn table() -> String {
    let rows = RULES.iter().map(|rule| {
        let (severity, in_runs) = (rule.severity.name(), rule.in_runs.verb());
        format!("| [{0}](#{0}) | {severity} | {in_runs} | {1} |\n", rule.id, rule.title)
    });
    format!("| rule | severity | `run`, `plan` | finds |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

fn filled(text: &str, columns: usize, indent: &str) -> String {
    let options = textwrap::Options::new(columns).subsequent_indent(indent);
    textwrap::fill(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation).break_words(false))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_in_the_repository_is_up_to_date() {
        let written = include_str!("README.md");
        assert!(written == page(), "src/check/README.md is outdated: run `cargo xtask pages`");
    }

    #[test]
    fn lines_fit_into_the_terminal() {
        let texts =
            RULES.iter().map(|rule| explain(rule, Some(60)).split("\nWrong:").next().map(str::to_owned));
        for text in texts.flatten().chain([list(Some(80))]) {
            let longest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
            assert!(longest.chars().count() <= 80, "{longest}");
        }
        assert_eq!(list(Some(80)).lines().filter(|line| !line.starts_with(' ')).count(), RULES.len());
    }

    #[test]
    fn the_page_links_to_every_rule() {
        assert!(include_str!("../../README.md").contains("](src/check/README.md)"));
        for rule in RULES {
            assert!(page().contains(&format!("[{0}](#{0})", rule.id)), "{}", rule.id);
        }
    }

    #[test]
    fn every_rule_is_documented() {
        let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len(), "each id once");
        for rule in RULES {
            assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{}: {}", rule.id, rule.title);
            assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
            assert!(rule.why.ends_with('.') && !rule.why.contains("  "), "{}: {}", rule.id, rule.why);
            assert_ne!(rule.wrong.text, rule.right.text, "{}", rule.id);
            assert!(list(None).contains(rule.id) && page().contains(&explain(rule, None)));
        }
    }
}
