//! Python's tracebacks in what dbt prints. Only their last lines say something to its users.

/// What begins a traceback.
const BEGIN: &str = "Traceback (most recent call last):";

/// What stands between two tracebacks of which the second one tells the outcome.
const LINKS: [&str; 2] =
    ["During handling of the above exception", "The above exception was the direct cause"];

/// What begins a report of Python's `logging` about a line that it could not write. It holds a traceback, the
/// stack of the call, and the line.
const REPORT: &str = "--- Logging error ---";
const STACK: &str = "Call stack:";

/// The last lines of such a report: the usual one, and that of a report that cannot show the line.
const REPORT_ENDS: [&str; 2] = ["Arguments: ", "Use the traceback above to help find the error."];

/// The lines before them.
const REPORTED: [&str; 2] = ["Message: ", "Unable to print the message and arguments"];

/// One line that is left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left<'a> {
    /// A line outside of tracebacks.
    Said(&'a str),
    /// The last line of a traceback.
    Raised(&'a str),
    /// The same, in a report of `logging`: it says why dbt's log is not complete.
    Reported(&'a str),
}

impl<'a> Left<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Said(line) | Self::Raised(line) | Self::Reported(line) => line,
        }
    }
}

/// The part of the output that a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    Traceback,
    /// The first part of a report of `logging`: why it could not write.
    Report,
    /// The second part: what it could not write.
    Stack,
}

/// The lines without tracebacks and reports of `logging`. Of each traceback the last line is left, unless
/// another line says the same. A report leaves its one only where there is nothing else.
#[must_use]
pub fn without_tracebacks(lines: &[&str]) -> String {
    let left = left(lines);
    let told: Vec<_> = left.iter().copied().filter(|line| !matches!(line, Left::Reported(_))).collect();
    let told = if told.iter().all(|line| line.text().trim().is_empty()) { left } else { told };
    let is_said = |line: &str| {
        let said = told.iter().filter(|other| matches!(other, Left::Said(_)));
        said.map(|other| other.text().trim()).any(|said| !said.is_empty() && line.ends_with(said))
    };
    let mut lines: Vec<&str> = Vec::new();
    for line in &told {
        let text = line.text();
        let is_new = match line {
            Left::Said(_) => lines.last().is_none_or(|last| *last != text && !are_blank(last, text)),
            Left::Raised(_) | Left::Reported(_) => !is_said(text) && !lines.contains(&text),
        };
        if is_new {
            lines.push(text);
        }
    }
    lines.join("\n").trim().to_owned()
}

fn are_blank(one: &str, other: &str) -> bool {
    one.trim().is_empty() && other.trim().is_empty()
}

fn left<'a>(lines: &[&'a str]) -> Vec<Left<'a>> {
    let mut left: Vec<Left<'_>> = Vec::new();
    let mut part = Part::Text;
    for line in lines {
        let text = line.trim();
        let is_within = text.is_empty() || line.starts_with([' ', '\t']);
        let is_one_of = |beginnings: &[&str]| beginnings.iter().any(|begin| text.starts_with(begin));
        match part {
            _ if text == REPORT => part = Part::Report,
            Part::Report if text == STACK => part = Part::Stack,
            Part::Text | Part::Traceback | Part::Report if is_one_of(&LINKS) => {
                // The exception before was only the occasion for the next one.
                let last = left.iter().rposition(|line| !matches!(line, Left::Said(_)));
                left.truncate(last.unwrap_or(left.len()));
            }
            Part::Report if is_within || text == BEGIN => {}
            Part::Report => left.push(Left::Reported(line)),
            Part::Stack if is_within || is_one_of(&REPORTED) => {}
            Part::Stack if is_one_of(&REPORT_ENDS) => part = Part::Text,
            _ if text == BEGIN => part = Part::Traceback,
            Part::Traceback if is_within => {}
            Part::Traceback => {
                part = Part::Text;
                left.push(Left::Raised(line));
            }
            Part::Text | Part::Stack => {
                part = Part::Text;
                left.push(Left::Said(line));
            }
        }
    }
    left
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

    /// What dbt 1.11.16 wrote to stdout, and then to stderr, on a disk with 1 MB left.
    const FULL_DISK: &str = "\
Encountered an error:
[Errno 28] No space left on device
Traceback (most recent call last):
  File \"dbt/cli/requires.py\", line 187, in wrapper
    result, success = func(*args, **kwargs)
                      ^^^^^^^^^^^^^^^^^^^^^
  File \"dbt_common/clients/system.py\", line 312, in write_json
    json.dump(data, f, cls=dbt_common.utils.encoding.JSONEncoder)
OSError: [Errno 28] No space left on device


--- Logging error ---
Traceback (most recent call last):
  File \"dbt/cli/requires.py\", line 187, in wrapper
    result, success = func(*args, **kwargs)
                      ^^^^^^^^^^^^^^^^^^^^^
OSError: [Errno 28] No space left on device

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"dbt/tracking.py\", line 521, in track_run
    yield
dbt.cli.exceptions.ExceptionExit: [Errno 28] No space left on device

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"logging/handlers.py\", line 75, in emit
    logging.FileHandler.emit(self, record)
  File \"logging/__init__.py\", line 1084, in flush
    self.stream.flush()
OSError: [Errno 28] No space left on device
Call stack:
  File \"bin/dbt\", line 8, in <module>
    sys.exit(cli())
  File \"dbt_common/events/logger.py\", line 65, in send_to_logger
    logger.debug(log_line)
Message: '22:47:33  Command `dbt ls` failed at 22:47:33.584178 after 7.46 seconds'
Arguments: ()
--- Logging error ---
Traceback (most recent call last):
  File \"logging/__init__.py\", line 1084, in flush
    self.stream.flush()
OSError: [Errno 28] No space left on device
Call stack:
  File \"bin/dbt\", line 8, in <module>
    sys.exit(cli())
Message: '22:47:33  Flushing usage events'
Arguments: ()";

    #[test]
    fn a_log_that_cannot_be_written_leaves_one_message() {
        let message = "Encountered an error:\n[Errno 28] No space left on device";
        check(FULL_DISK, message);
        // dbt 1.7 has this order, and no empty lines.
        let (own, reports) = FULL_DISK.split_once("\n\n\n").expect("two parts");
        check(&format!("{reports}\n{own}"), message);
        check(reports, "OSError: [Errno 28] No space left on device");
        let unprintable = "Unable to print the message and arguments - possible formatting error.\nUse the traceback \
                           above to help find the error.";
        let (report, _) = reports.split_once("Message: ").expect("a message");
        check(&format!("{report}{unprintable}\nDone"), "Done");
        check(&format!("{report}Database Error\n  gone"), "Database Error\n  gone");
    }

    #[test]
    fn repeated_lines_are_told_once() {
        check("a\n\n \n\nb\nb\n b", "a\n\nb\n b");
        check(&format!("{FULL}\n{FULL}"), "OSError: [Errno 28] No space left on device");
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
