//! Writes the result of a command to stdout.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::failure::Interrupted;

/// Writes a result. If the reader closed the pipe, as `| head` does, it is [`Interrupted`] and the command
/// ends silently.
pub fn write(text: impl AsRef<[u8]>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Interrupted::READER_GONE.into()),
        written => written.context("cannot write the result"),
    }
}

/// Writes a document as JSON, indented so that people can read it.
pub fn write_json(document: &impl Serialize) -> Result<()> {
    write(serde_json::to_string_pretty(document)? + "\n")
}
