//! Lines on stderr that are not events.

use std::io::Write;

/// Writes to stderr. If stderr is closed, nobody reads it.
pub fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
