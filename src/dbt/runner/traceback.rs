//! Python's tracebacks in what dbt prints. Only their last lines say something to its users.

/// What begins a traceback.
const BEGIN: &str = "Traceback (most recent call last):";

/// What stands between two tracebacks of which the second one tells the outcome.
const LINKS: [&str; 2] =
    ["During handling of the above exception", "The above exception was the direct cause"];

/// The lines without tracebacks: of each, the last line is left, unless another line says the same.
#[must_use]
pub fn without_tracebacks(lines: &[&str]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut raised: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in lines {
        let text = line.trim();
        if text == BEGIN {
            inside = true;
        } else if LINKS.iter().any(|link| text.starts_with(link)) {
            // The exception before was only the occasion for the next one.
            raised.pop();
        } else if !inside {
            kept.push(line);
        } else if !text.is_empty() && !line.starts_with([' ', '\t']) {
            inside = false;
            raised.push(line);
        }
    }
    let is_said =
        |line: &str| kept.iter().map(|said| said.trim()).any(|it| !it.is_empty() && line.ends_with(it));
    let news: Vec<_> = raised.into_iter().filter(|line| !is_said(line)).collect();
    [kept, news].concat().join("\n").trim().to_owned()
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
        check(&two, "while reading\nDatabaseError: gone".trim());
    }
}
