//! One event a line, for programs.

use std::io::{self, Write};

use super::Reporter;
use crate::event::Envelope;
use crate::history::History;

#[derive(Debug)]
pub struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn report(&mut self, envelope: &Envelope, _: &History) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, envelope)?;
        self.out.write_all(b"\n")?;
        // The reader of a pipe must not wait for a full buffer.
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn a_line_has_version_time_and_event() {
        let mut out = Vec::new();
        let envelope = Envelope {
            version: 1,
            time: "2024-01-02 03:04:05.6".parse().expect("a time"),
            event: Event::Warning { message: "careful".into() },
        };
        Json::new(&mut out).report(&envelope, &History::default()).expect("written");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "{\"version\":1,\"time\":\"2024-01-02T03:04:05.600Z\",\"event\":\"warning\",\"message\":\"careful\"}\n"
        );
    }
}
