//! A command's result, on stdout.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::failure::Interrupted;

/// Writes a result.
///
/// # Errors
/// It cannot be written; [`Interrupted`] where whoever reads it has gone, as after `| head`: that is no error of anybody's.
pub fn write(text: impl AsRef<[u8]>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Interrupted::READER_GONE.into()),
        written => written.context("cannot write the result"),
    }
}

/// Writes a document, readable for people too.
///
/// # Errors
/// Those of [`write()`].
pub fn write_json(document: &impl Serialize) -> Result<()> {
    write(serde_json::to_string_pretty(document)? + "\n")
}
