//! Colours and line breaks, on a terminal.

use std::os::fd::AsFd;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// A narrower terminal is treated as if it had this many columns.
const NARROWEST: usize = 40;

/// Colours text and breaks its lines, or leaves it alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    on: bool,
    /// Columns of the terminal.
    width: Option<usize>,
}

impl Paint {
    pub fn for_stderr() -> Self {
        Self::for_stream(&std::io::stderr())
    }

    pub fn for_stdout() -> Self {
        Self::for_stream(&std::io::stdout())
    }

    /// Colours depend on the stream and on `NO_COLOR`, `CLICOLOR` and `TERM`.
    fn for_stream(stream: &(impl RawStream + AsFd)) -> Self {
        Self {
            on: AutoStream::choice(stream) != ColorChoice::Never,
            width: terminal_size::terminal_size_of(stream).map(|(width, _)| width.0.into()),
        }
    }

    /// The columns of the terminal; none if there is no terminal.
    pub fn columns(self) -> Option<usize> {
        self.width.map(|width| width.max(NARROWEST))
    }

    pub fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub fn good(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Green.into())).bold(), text)
    }

    /// Something to look at.
    pub fn warning(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold(), text)
    }

    pub fn error(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Red.into())).bold(), text)
    }

    /// Breaks long lines between words for a terminal, which would break them anywhere. Lines of a file stay
    /// whole.
    pub fn wrapped(self, text: &str) -> String {
        let Some(width) = self.columns() else { return text.to_owned() };
        let lines = text.lines().map(|line| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let next = format!("{indent}  ");
            let options = textwrap::Options::new(width)
                .subsequent_indent(&next)
                .break_words(false)
                // Only spaces: a name may hold whatever else lines are broken at.
                .word_separator(textwrap::WordSeparator::AsciiSpace)
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            textwrap::fill(line, options)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.on { format!("{}{text}{}", style.render(), style.render_reset()) } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_lines_for_a_terminal_only() {
        let text = format!("error: {}\n  caused by: short", "word ".repeat(20).trim());
        let terminal = Paint { on: false, width: Some(50) };
        assert!(terminal.wrapped(&text).lines().all(|line| line.len() <= 50));
        assert!(terminal.wrapped(&text).ends_with("\n  caused by: short"));
        assert_eq!(Paint::default().wrapped(&text), text);
    }

    #[test]
    fn names_stay_whole() {
        let names: Vec<_> = (0..9).map(|n| format!("a_model-with.a/long_name_{n}")).collect();
        let terminal = Paint { on: false, width: Some(80) };
        let wrapped = terminal.wrapped(&format!("  models_to_run\n    {}", names.join(" ")));
        assert!(wrapped.lines().count() > 3 && wrapped.lines().all(|line| line.len() <= 80), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().skip(1).collect::<Vec<_>>(), names);
    }
}
