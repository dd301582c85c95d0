//! Text that fits the terminal.

use crate::output::Paint;

/// Whole lines, as wide as the terminal allows.
pub(super) fn lines(text: &str, paint: Paint) -> String {
    paint.wrapped(text.trim_end()) + "\n"
}
