//! Python's tracebacks in what dbt prints. Only their last lines say something to its users.

/// What begins a traceback.
const BEGIN: &str = "Traceback (most recent call last):";

/// What stands between two tracebacks of which the second one tells the outcome.
const LINKS: [&str; 2] =
    ["During handling of the above exception", "The above exception was the direct cause"];

/// One line that is left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left<'a> {
    /// A line outside of tracebacks.
    Said(&'a str),
    /// The last line of a traceback.
    Raised(&'a str),
}

impl<'a> Left<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Said(line) | Self::Raised(line) => line,
        }
    }
}

/// The lines without tracebacks: of each, the last line is left, unless another line says the same.
#[must_use]
pub fn without_tracebacks(lines: &[&str]) -> String {
    let mut left: Vec<Left<'_>> = Vec::new();
    let mut inside = false;
    for line in lines {
        let text = line.trim();
        if text == BEGIN {
            inside = true;
        } else if LINKS.iter().any(|link| text.starts_with(link)) {
            // The exception before was only the occasion for the next one.
            let last = left.iter().rposition(|line| matches!(line, Left::Raised(_)));
            left.truncate(last.unwrap_or(left.len()));
        } else if !inside {
            left.push(Left::Said(line));
        } else if !text.is_empty() && !line.starts_with([' ', '\t']) {
            inside = false;
            left.push(Left::Raised(line));
        }
    }
    let is_told = |line: &str| {
        let said = left.iter().filter(|other| matches!(other, Left::Said(_)));
        said.map(|other| other.text().trim()).any(|said| !said.is_empty() && line.ends_with(said))
    };
    let lines = left.iter().copied().filter(|line| match line {
        Left::Said(_) => true,
        Left::Raised(line) => !is_told(line),
    });
    lines.map(Left::text).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, left: &str) {
        assert_eq!(without_tracebacks(&text.lines().collect::<Vec<_>>()), left);
    }

    const FULL: &str = "Traceback (most recent call last):\n  File \"a.py\", line 1, in b\n    f()\n    \
                        ~^^\nOSError: [Errno 28] No space left on device";

    #[test]
    fn leaves_the_last_line() {
        check(FULL, "OSError: [Errno 28] No space left on device");
        check("Encountered an error:\n  a\n\nb", "Encountered an error:\n  a\n\nb");
        check(
            &format!("Runtime Error\n{FULL}\n"),
            "Runtime Error\nOSError: [Errno 28] No space left on device",
        );
        check("Traceback (most recent call last):\n  File", "");
    }

    #[test]
    fn says_nothing_twice() {
        let said = "Encountered an error:\n[Errno 28] No space left on device";
        check(&format!("{said}\n{FULL}"), said);
        check(&format!("{FULL}\n{said}"), said);
    }

    #[test]
    fn of_several_linked_ones_the_last_counts() {
        let two = format!(
            "{FULL}\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most \
             recent call last):\n  File \"c\"\nDatabaseError: gone\n  while reading"
        );
        check(&two, "DatabaseError: gone\n  while reading");
    }
}
