//! A model's source text without comments.

/// Begins a comment that ends with its line.
const DASHES: &str = "--";

/// A model's text without comments of Jinja and of SQL.
///
/// dbt also renders Jinja inside SQL comments and notes its macros, but the result is not part of the query.
pub(super) fn without_comments(code: &str, adapter: &str) -> String {
    let mut text = Text { rest: code, kept: String::new() };
    let line_comments: &[&str] = match adapter {
        "bigquery" => &[DASHES, "#"],
        "snowflake" => &[DASHES, "//"],
        _ => &[DASHES],
    };
    while !text.rest.is_empty() {
        if text.drops_jinja_comment() || text.keeps_jinja() {
        } else if let Some(start) = line_comments.iter().find(|start| text.rest.starts_with(**start)) {
            text.drops(start);
            text.skips_comment("\n");
        } else if text.rest.starts_with("/*") {
            text.drops("/*");
            text.skips_comment("*/");
            // A comment separates words as a space does.
            text.kept.push(' ');
        } else if let Some(quote) = text.rest.chars().next().filter(|first| "'\"`".contains(*first)) {
            text.keeps_quoted(quote);
        } else {
            text.keeps_character();
        }
    }
    text.kept
}

/// Source text that is read from its start to its end.
struct Text<'c> {
    rest: &'c str,
    kept: String,
}

impl Text<'_> {
    fn drops(&mut self, start: &str) {
        self.rest = &self.rest[start.len()..];
    }

    fn keeps(&mut self, length: usize) {
        let (kept, rest) = self.rest.split_at(length);
        self.kept.push_str(kept);
        self.rest = rest;
    }

    fn keeps_character(&mut self) {
        let length = self.rest.chars().next().map_or(0, char::len_utf8);
        self.keeps(length);
    }

    fn drops_jinja_comment(&mut self) -> bool {
        let Some(comment) = self.rest.strip_prefix("{#") else { return false };
        self.rest = comment.split_once("#}").map_or("", |(_, after)| after);
        true
    }

    /// Keeps a Jinja expression or statement: what looks like SQL inside it is not SQL.
    fn keeps_jinja(&mut self) -> bool {
        let length = jinja_length(self.rest);
        self.keeps(length);
        length > 0
    }

    /// Jinja inside a comment can span lines. The comment continues after it.
    fn skips_comment(&mut self, end: &str) {
        while !self.rest.is_empty() && !self.rest.starts_with(end) {
            if !self.drops_jinja_comment() {
                let character = self.rest.chars().next().map_or(0, char::len_utf8);
                self.rest = &self.rest[jinja_length(self.rest).max(character)..];
            }
        }
        // The line break is kept, because it ends the line before the comment.
        if end != "\n" && !self.rest.is_empty() {
            self.drops(end);
        }
    }

    /// Keeps a string or a quoted name. A doubled quote in it is read as two adjacent strings.
    fn keeps_quoted(&mut self, quote: char) {
        self.keeps(quote.len_utf8());
        while let Some(next) = self.rest.chars().next() {
            if self.drops_jinja_comment() || self.keeps_jinja() {
                continue;
            }
            self.keeps_character();
            if next == quote {
                return;
            }
            if next == '\\' {
                self.keeps_character();
            }
        }
    }
}

/// The length of the Jinja expression or statement at the start of a text; 0 if there is none.
fn jinja_length(text: &str) -> usize {
    let end = match text.get(..2) {
        Some("{{") => "}}",
        Some("{%") => "%}",
        _ => return 0,
    };
    let (mut quote, mut is_escaped) = (None, false);
    for (place, next) in text.char_indices().skip(2) {
        match quote {
            None if text[place..].starts_with(end) => return place + end.len(),
            None if "'\"".contains(next) => quote = Some(next),
            Some(open) if next == open && !is_escaped => quote = None,
            _ => {}
        }
        is_escaped = next == '\\' && !is_escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &str) {
        assert_eq!(without_comments(code, "postgres"), expected, "{code}");
    }

    #[test]
    fn drops_comments_of_jinja_and_of_sql() {
        check("select 1 {# where {{ x() }} #} {#", "select 1  ");
        check("a -- {{ x() }}\nb", "a \nb");
        check("a /* {{ x() }}\n -- */b/**/c /* d", "a  b c  ");
        // The comment continues as long as the Jinja in it does.
        check("-- {{ config(\n  x()\n) }} and {# \n #} so on\nb", "\nb");
        check("/* {{ '*/' }} */b", " b");
    }

    #[test]
    fn keeps_what_only_looks_like_a_comment() {
        for kept in [
            "select '--', \"/*\", `--` where {{ x() }}",
            "select 'it''s -- here' where {{ x() }}",
            r"select 'it\'s -- here' where {{ x() }}",
            "where {{ x('--', \"}}\") }} {% if '%}' == '/*' %} a",
            "select '{{ \"'\" }} -- ' where {{ x() }}",
            r"{{ x('it\'s }}') }} a",
            "é - - ü / * '",
        ] {
            check(kept, kept);
        }
    }

    #[test]
    fn knows_the_comments_of_warehouses() {
        let code = "a # b\nc // d\n";
        for (adapter, expected) in
            [("bigquery", "a \nc // d\n"), ("snowflake", "a # b\nc \n"), ("postgres", code)]
        {
            assert_eq!(without_comments(code, adapter), expected, "{adapter}");
        }
    }
}
