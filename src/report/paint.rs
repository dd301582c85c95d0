//! Colours, where there is somebody to see them.

use anstyle::{AnsiColor, Style};

/// Paints text, or leaves it alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// By what stderr is, `NO_COLOR`, `CLICOLOR` and `TERM`.
    #[must_use]
    pub fn for_stderr() -> Self {
        Self { on: anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never }
    }

    /// By what stdout is.
    #[must_use]
    pub fn for_stdout() -> Self {
        Self { on: anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never }
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

    fn with(self, style: Style, text: &str) -> String {
        if self.on { format!("{}{text}{}", style.render(), style.render_reset()) } else { text.to_owned() }
    }
}
