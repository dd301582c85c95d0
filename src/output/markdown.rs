//! Text in Markdown.

/// Text in which no character has a meaning in Markdown.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        if r"\`*_{}[]<>#|~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(if character == '\n' { ' ' } else { character });
        escaped
    })
}

/// Text as code within a line.
pub(crate) fn inline(text: &str) -> String {
    let fence = "`".repeat(longest_fence(text) + 1);
    if fence.len() > 1 { format!("{fence} {text} {fence}") } else { format!("`{text}`") }
}

/// Text as a block of code.
pub(crate) fn code(text: &str) -> String {
    let fence = "`".repeat((longest_fence(text) + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

fn longest_fence(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_stays_text() {
        assert_eq!(escaped("a_b|c\n*d*"), r"a\_b\|c \*d\*");
        assert_eq!((inline("+a"), inline("a`b")), ("`+a`".to_owned(), "`` a`b ``".to_owned()));
        assert_eq!(code("x\n```\ny\n"), "````text\nx\n```\ny\n````\n");
    }
}
