//! Cuts a script into its statements.

use snowplow_backfill::warehouse::Dialect;

/// The statements of a script, each without the comments before it and without the semicolon after it.
///
/// Knows comments, quotes, dollar quotes, and the blocks of BigQuery's scripting language.
pub fn statements(dialect: Dialect, script: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut rest = skip_blank(script);
    while !rest.is_empty() {
        let length = length_of_first(dialect, rest);
        statements.push(rest[..length].trim_end());
        rest = skip_blank(rest[length..].strip_prefix(';').unwrap_or_default());
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

fn length_of_first(dialect: Dialect, text: &str) -> usize {
    let mut blocks = 0_usize;
    let mut previous = String::new();
    let mut at = 0;
    while at < text.len() {
        let token = &text[at..at + token_length(dialect, &text[at..])];
        if token == ";" && blocks == 0 {
            return at;
        }
        at += token.len();
        if token.trim().is_empty() || comment_length(token).is_some() {
            continue;
        }
        let word = token.to_ascii_lowercase();
        if dialect == Dialect::BigQuery {
            if opens_block(&word, &previous, &text[at..]) {
                blocks += 1;
            } else if word == "end" {
                blocks = blocks.saturating_sub(1);
            }
        }
        previous = word;
    }
    text.len()
}

/// Whether a word of BigQuery's scripting language begins what an `end` will end.
fn opens_block(word: &str, previous: &str, rest: &str) -> bool {
    let first_word = matches!(previous, "" | ";" | "begin" | "do" | "else" | "loop" | "repeat" | "then");
    match word {
        "begin" => {
            let next = skip_blank(rest).to_ascii_lowercase();
            first_word && !next.starts_with("transaction") && !next.starts_with(';')
        }
        "if" | "loop" | "while" | "for" | "repeat" => first_word,
        "case" => previous != "end",
        _ => false,
    }
}

fn skip_blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(length) = comment_length(rest) {
        rest = rest[length..].trim_start();
    }
    rest
}

fn comment_length(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// The length of a comment, of something in quotes, of a word, or of one other character.
fn token_length(dialect: Dialect, text: &str) -> usize {
    let word = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let other = text.chars().next().map_or(0, char::len_utf8);
    comment_length(text).or_else(|| quoted_length(dialect, text)).unwrap_or(word.max(other))
}

fn quoted_length(dialect: Dialect, text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    match quote {
        '\'' | '"' | '`' => {}
        '$' => return dollar_quoted_length(text),
        _ => return None,
    }
    let is_text = quote == '\'' || (quote == '"' && dialect == Dialect::BigQuery);
    let has_escapes = is_text && !matches!(dialect, Dialect::Postgres | Dialect::DuckDb);
    let mut escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if has_escapes && c == '\\' {
            escaped = true;
        } else if c == quote {
            // A doubled quote ends one thing and begins the next, which comes to the same.
            return Some(place + 1);
        }
    }
    Some(text.len())
}

fn dollar_quoted_length(text: &str) -> Option<usize> {
    let tag = &text[..text[1..].find('$')? + 2];
    let is_tag = tag.trim_matches('$').chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_tag.then(|| text[tag.len()..].find(tag).map_or(text.len(), |end| end + 2 * tag.len()))
}

#[test]
fn a_semicolon_within_something_ends_nothing() {
    let script =
        "-- a; b\n\nselect ';', \"a;b\"; /* ; */ do $x$ begin; end $x$;\nselect 'it''s;'; -- ;\n;select 1";
    let expected = ["select ';', \"a;b\"", "do $x$ begin; end $x$", "select 'it''s;'", "select 1"];
    assert_eq!(statements(Dialect::Postgres, script), expected);
}

#[test]
fn a_backslash_escapes_where_the_warehouse_says_so() {
    assert_eq!(
        statements(Dialect::Databricks, r"select 'it\'s;'; select 2"),
        [r"select 'it\'s;'", "select 2"]
    );
    assert_eq!(statements(Dialect::Postgres, r"select 'a\'; select 2"), [r"select 'a\'", "select 2"]);
}

#[test]
fn a_block_of_bigquery_is_one_statement() {
    let script = "begin transaction; commit transaction;
        begin
          begin transaction;
          if (select case when true then 1 end) = 1 then select if(true, 1, 2); end if;
          exception when error then rollback transaction; raise;
        end;
        select 1;";
    let statements = statements(Dialect::BigQuery, script);
    assert_eq!(statements.len(), 4, "{statements:#?}");
    assert!(statements[2].starts_with("begin\n") && statements[2].ends_with("end"), "{}", statements[2]);
}
