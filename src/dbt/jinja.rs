//! Finds calls of macros in Jinja's source text, and reads the arguments that are plain strings or vars.

use std::iter;

/// A call of a macro, found in source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroCall {
    /// Where its name begins, in bytes, in the text without its comments.
    place: usize,
    arguments: Arguments,
}

/// Arguments in their order, each with its name if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arguments(Vec<(Option<String>, Argument)>);

/// The value of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A string, without its quotes.
    Text(String),
    /// `var('name')` or `var('name', default)`.
    Var { name: String, default: Option<Box<Self>> },
    /// Anything else: only Jinja knows its value.
    Other,
}

impl MacroCall {
    /// All calls of a macro, with or without a package in front of its name.
    #[must_use]
    pub fn find_all(code: &str, macro_name: &str) -> Vec<Self> {
        let code = without_comments(code);
        let mut calls = Vec::new();
        for (place, name) in code.match_indices(macro_name) {
            let begins_inside_a_word = code[..place].ends_with(is_part_of_a_word);
            // `{% macro name(…) %}` defines a macro of this name, and does not call it.
            let is_definition = code[..place].split_whitespace().next_back() == Some("macro");
            let arguments = code[place + name.len()..].trim_start().strip_prefix('(');
            let is_call = !begins_inside_a_word && !is_definition;
            let arguments = arguments.filter(|_| is_call).and_then(Arguments::read);
            calls.extend(arguments.map(|arguments| Self { place, arguments }));
        }
        calls
    }

    /// The argument for a parameter, given by its name or at its position (from 0).
    #[must_use]
    pub fn argument(&self, position: usize, name: &str) -> Option<&Argument> {
        self.arguments.get(position, name)
    }

    /// Its place among the calls of one text: a later call has a larger one.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// How many arguments it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arguments.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arguments.0.is_empty()
    }
}

impl Arguments {
    /// Reads the text after an opening parenthesis; none if the parenthesis is not closed.
    fn read(text: &str) -> Option<Self> {
        let mut arguments = Vec::new();
        for part in arguments_of(text)? {
            let named = part.split_once('=').map(|(name, value)| (name.trim(), value));
            let named = named.filter(|(name, value)| {
                !name.is_empty() && name.chars().all(is_part_of_a_word) && !value.starts_with('=')
            });
            arguments.push(match named {
                Some((name, value)) => (Some(name.to_owned()), Argument::read(value)),
                None => (None, Argument::read(part)),
            });
        }
        Some(Self(arguments))
    }

    fn get(&self, position: usize, name: &str) -> Option<&Argument> {
        let named = self.0.iter().find(|(given, _)| given.as_deref() == Some(name));
        let positional = || self.0.get(position).filter(|(given, _)| given.is_none());
        named.or_else(positional).map(|(_, argument)| argument)
    }
}

impl Argument {
    fn read(text: &str) -> Self {
        let text = text.trim();
        if let Some(text) = string(text) {
            return Self::Text(text.to_owned());
        }
        let var = text.strip_prefix("var").and_then(|rest| rest.trim_start().strip_prefix('('));
        let Some(inside) = var.filter(|inside| end_of_arguments(inside) == Some(inside.len() - 1)) else {
            return Self::Other;
        };
        let Some(var) = Arguments::read(inside) else { return Self::Other };
        match var.get(0, "name") {
            Some(Self::Text(name)) => {
                let default = var.get(1, "default").cloned().map(Box::new);
                Self::Var { name: name.clone(), default }
            }
            _ => Self::Other,
        }
    }
}

fn is_part_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The content of a text that is one string; none for any other text.
pub(super) fn string(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|first| "'\"".contains(*first))?;
    let inside = text[1..].strip_suffix(quote)?;
    (!inside.contains([quote, '\\'])).then_some(inside)
}

/// The arguments in front of the closing parenthesis. The opening one stands before the text.
fn arguments_of(text: &str) -> Option<Vec<&str>> {
    let end = end_of_arguments(text)?;
    let mut begin = 0;
    let mut parts = Vec::new();
    for comma in commas(&text[..end]).chain(iter::once(end)) {
        parts.push(&text[begin..comma]);
        begin = comma + 1;
    }
    // Neither `f()` nor a trailing comma makes an argument.
    parts.retain(|part| !part.trim().is_empty());
    Some(parts)
}

fn end_of_arguments(text: &str) -> Option<usize> {
    outside_of_strings(text)
        .find(|&(_, character, depth)| character == ')' && depth == 0)
        .map(|(place, ..)| place)
}

fn commas(text: &str) -> impl Iterator<Item = usize> {
    outside_of_strings(text)
        .filter(|&(_, character, depth)| character == ',' && depth == 0)
        .map(|(place, ..)| place)
}

/// The characters outside of strings, with their places and the number of open brackets around them.
pub(super) fn outside_of_strings(text: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let (mut quote, mut is_escaped, mut depth) = (None, false, 0_usize);
    text.char_indices().filter_map(move |(place, character)| {
        if let Some(open) = quote {
            if character == open && !is_escaped {
                quote = None;
            }
            is_escaped = character == '\\' && !is_escaped;
            return None;
        }
        match character {
            '\'' | '"' => {
                quote = Some(character);
                return None;
            }
            '(' | '[' | '{' => depth += 1,
            // A closing bracket still counts as inside its pair. Only one without a pair has depth 0.
            ')' | ']' | '}' if depth > 0 => {
                depth -= 1;
                return Some((place, character, depth + 1));
            }
            _ => {}
        }
        Some((place, character, depth))
    })
}

/// Jinja's source text without its comments.
pub(super) fn without_comments(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some((before, comment)) = rest.split_once("{#") {
        kept.push_str(before);
        rest = comment.split_once("#}").map_or("", |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(code: &str) -> MacroCall {
        let [call] = MacroCall::find_all(code, "f").try_into().expect("one call");
        call
    }

    fn text(text: &str) -> Argument {
        Argument::Text(text.to_owned())
    }

    #[test]
    fn reads_arguments_by_position_and_by_name() {
        let call = only(r#"{{ p.f ( 'a', "b, (c", name = 'd', other=g('x', ['y']),) }}"#);
        assert_eq!(call.len(), 4);
        assert_eq!(call.argument(0, "first"), Some(&text("a")));
        assert_eq!(call.argument(1, "second"), Some(&text("b, (c")));
        assert_eq!(call.argument(2, "third"), None);
        assert_eq!(call.argument(7, "name"), Some(&text("d")));
        assert_eq!(call.argument(7, "other"), Some(&Argument::Other));
        assert!(only("f()").is_empty());
    }

    #[test]
    fn reads_vars() {
        let call =
            only("f(var('a'), var(\"b\", 'c'), var('d', var('e')), var(x), var('g') ~ 'h', 'i' ~ 'j')");
        let var = |name: &str, default: Option<Argument>| Argument::Var {
            name: name.to_owned(),
            default: default.map(Box::new),
        };
        let found: Vec<_> = (0..6).filter_map(|place| call.argument(place, "").cloned()).collect();
        assert_eq!(
            found,
            [
                var("a", None),
                var("b", Some(text("c"))),
                var("d", Some(var("e", None))),
                Argument::Other,
                Argument::Other,
                Argument::Other
            ]
        );
    }

    #[test]
    fn finds_every_call_and_nothing_else() {
        for (code, expected) in [
            ("{{ f(1) }} {{ q.f(2) }}", 2),
            ("{{ f(f(1)) }}", 2),
            ("{{ ff(1) }} {{ f_t(1) }} {{ f }} {{ _f(1) }}", 0),
            ("{# f(1) #} {{ f(2", 0),
            ("{{ é.f('é') }}", 1),
            ("{% macro f(x) %}{{ q.f(x) }}{% endmacro %}", 1),
        ] {
            assert_eq!(MacroCall::find_all(code, "f").len(), expected, "{code}");
        }
    }
}
