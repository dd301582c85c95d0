//! Colours, where there is somebody to see them.

use anstyle::{AnsiColor, Style};

/// Fewer columns are filled as if there were so many.
const NARROWEST: usize = 40;

/// Paints text and breaks its lines, or leaves it alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    on: bool,
    /// Columns of the terminal, where there is one.
    width: Option<usize>,
}

impl Paint {
    /// By what stderr is, `NO_COLOR`, `CLICOLOR` and `TERM`.
    #[must_use]
    pub fn for_stderr() -> Self {
        let stderr = std::io::stderr();
        Self {
            on: anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never,
            width: terminal_size::terminal_size_of(&stderr).map(|(width, _)| width.0.into()),
        }
    }

    /// By what stdout is.
    #[must_use]
    pub fn for_stdout() -> Self {
        let stdout = std::io::stdout();
        Self {
            on: anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
            width: terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0.into()),
        }
    }

    /// Columns of the terminal, where there is one.
    #[must_use]
    pub fn columns(self) -> Option<usize> {
        self.width.map(|width| width.max(NARROWEST))
    }

    /// What matters most.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What matters least.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// Good news.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Green.into())).bold(), text)
    }

    /// Something to look at.
    #[must_use]
    pub fn warning(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold(), text)
    }

    /// Bad news.
    #[must_use]
    pub fn error(self, text: &str) -> String {
        self.with(Style::new().fg_color(Some(AnsiColor::Red.into())).bold(), text)
    }

    /// Breaks long lines between words where a terminal would break them anywhere; what goes to a file stays on one line.
    #[must_use]
    pub fn wrapped(self, text: &str) -> String {
        let Some(width) = self.columns() else { return text.to_owned() };
        let lines = text.lines().map(|line| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let next = format!("{indent}  ");
            let options = textwrap::Options::new(width)
                .subsequent_indent(&next)
                .break_words(false)
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
}
