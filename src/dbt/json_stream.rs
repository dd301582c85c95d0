//! Reads a large JSON object entry by entry: what is in memory is one entry and a buffer, however large the file is.

use std::io::Read;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::{DeserializeOwned, IgnoredAny};

/// How much is read at a time, at least.
const CHUNK: usize = 1 << 18;

/// An entry beyond this is no node of dbt's; and it would have to be in memory as a whole.
const LONGEST_ENTRY: usize = 256 << 20;

/// JSON that is read from its start to its end.
#[derive(Debug)]
pub struct JsonStream<R> {
    source: R,
    chunk: usize,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer begins.
    position: usize,
    /// Bytes of the file in front of the buffer.
    passed: usize,
    /// Nothing comes after the buffer.
    ended: bool,
}

impl<R: Read> JsonStream<R> {
    /// Reads from `source`.
    pub fn new(source: R) -> Self {
        Self::with_chunks(source, CHUNK)
    }

    fn with_chunks(source: R, chunk: usize) -> Self {
        Self { source, chunk, buffer: Vec::new(), position: 0, passed: 0, ended: false }
    }

    /// Whether there is nothing but white space.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_blank(&mut self) -> Result<bool> {
        Ok(self.next_byte()?.is_none())
    }

    /// Reads an object: `entry` gets every key, and must read the value that follows it.
    ///
    /// # Errors
    /// Those of `entry`; it is no object; it cannot be read to its end.
    pub fn object(&mut self, mut entry: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<()> {
        self.expect(b'{', "an object")?;
        if self.peek()? == b'}' {
            self.position += 1;
            return Ok(());
        }
        let mut key = String::new();
        loop {
            if self.peek()? != b'"' {
                return Err(self.expected("a key"));
            }
            self.read_key(&mut key)?;
            self.expect(b':', "a colon")?;
            entry(self, &key)?;
            if self.peek()? == b'}' {
                self.position += 1;
                return Ok(());
            }
            self.expect(b',', "a comma or the end of an object")?;
        }
    }

    /// Reads a value. It must not borrow from what was read.
    ///
    /// # Errors
    /// It is another, or cannot be read to its end.
    pub fn value<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.value_and(|value, _| Ok(value))
    }

    /// Reads a value, and gets a second look at its text.
    ///
    /// # Errors
    /// It is another, or cannot be read to its end; those of `then`.
    pub fn value_and<T: DeserializeOwned, U>(
        &mut self,
        then: impl FnOnce(T, &[u8]) -> Result<U>,
    ) -> Result<U> {
        self.peek()?;
        loop {
            let rest = &self.buffer[self.position..];
            let mut values = serde_json::Deserializer::from_slice(rest).into_iter();
            let value = values.next();
            let length = values.byte_offset();
            match value {
                // A number at the end of what was read may go on.
                Some(Ok(value)) if length < rest.len() || self.ended => {
                    let result = then(value, &rest[..length]);
                    self.position += length;
                    return result;
                }
                // What is wrong at the end of what was read, such as a lone minus, may become right.
                Some(Err(error))
                    if self.ended || !error.is_eof() && place_in(rest, &error) + 1 < rest.len() =>
                {
                    return Err(self.misplaced(&error));
                }
                None if self.ended => return Err(self.truncated()),
                _ => self.read_more()?,
            }
        }
    }

    /// Leaves a value out; an object entry by entry.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub fn skip(&mut self) -> Result<()> {
        if self.peek()? == b'{' {
            return self.object(|json, _| json.value().map(|IgnoredAny| ()));
        }
        self.value().map(|IgnoredAny| ())
    }

    /// Makes sure that nothing but white space is left.
    ///
    /// # Errors
    /// There is more.
    pub fn end(&mut self) -> Result<()> {
        match self.next_byte()? {
            None => Ok(()),
            Some(_) => bail!("it goes on after its end, at byte {}", self.offset()),
        }
    }

    /// Reads a key into a string that is used for all of them: there are tens of thousands.
    fn read_key(&mut self, key: &mut String) -> Result<()> {
        let rest = &self.buffer[self.position + 1..];
        let end = memchr::memchr2(b'"', b'\\', rest);
        match end.map(|end| (rest[end], str::from_utf8(&rest[..end]))) {
            Some((b'"', Ok(plain))) => {
                plain.clone_into(key);
                self.position += plain.len() + 2;
            }
            _ => *key = self.value()?,
        }
        Ok(())
    }

    /// The next byte that is not white space, which stays unread.
    fn peek(&mut self) -> Result<u8> {
        self.next_byte()?.ok_or_else(|| self.truncated())
    }

    fn next_byte(&mut self) -> Result<Option<u8>> {
        loop {
            while let Some(&byte) = self.buffer.get(self.position) {
                if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                    return Ok(Some(byte));
                }
                self.position += 1;
            }
            if self.ended {
                return Ok(None);
            }
            self.read_more()?;
        }
    }

    fn expect(&mut self, wanted: u8, what: &str) -> Result<()> {
        if self.peek()? != wanted {
            return Err(self.expected(what));
        }
        self.position += 1;
        Ok(())
    }

    fn read_more(&mut self) -> Result<()> {
        self.buffer.drain(..self.position);
        self.passed += self.position;
        self.position = 0;
        let kept = self.buffer.len();
        if kept > LONGEST_ENTRY {
            bail!("an entry at byte {} is longer than {} MB", self.offset(), LONGEST_ENTRY >> 20);
        }
        // Twice as much as there is, so that a long entry is not parsed over and over.
        let wanted = self.chunk.max(kept);
        let read = (&mut self.source)
            .take(wanted as u64)
            .read_to_end(&mut self.buffer)
            .context("it cannot be read")?;
        self.ended = read < wanted;
        Ok(())
    }

    /// The place of the next unread byte in the file.
    fn offset(&self) -> usize {
        self.passed + self.position
    }

    fn expected(&self, what: &str) -> anyhow::Error {
        anyhow!("it is not JSON as dbt writes it: expected {what} at byte {}", self.offset())
    }

    fn truncated(&self) -> anyhow::Error {
        let length = self.passed + self.buffer.len();
        anyhow!("it ends too early, after {length} bytes: was it cut off, or is it still being written?")
    }

    /// An error of serde_json's, at its place in the file rather than in what was looked at.
    fn misplaced(&self, error: &serde_json::Error) -> anyhow::Error {
        if error.is_eof() {
            return self.truncated();
        }
        let place = self.offset() + place_in(&self.buffer[self.position..], error);
        let text = error.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        anyhow!("{message} at byte {place}")
    }
}

/// How far into `text` an error is.
fn place_in(text: &[u8], error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let lines_before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    lines_before + error.column().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Everything, read through chunks of a few bytes.
    fn read(text: &str, chunk: usize) -> Result<Value> {
        let mut json = JsonStream::with_chunks(text.as_bytes(), chunk);
        let mut top = serde_json::Map::new();
        json.object(|json, key| {
            let value = match key {
                "skipped" => json.skip().map(|()| Value::Null)?,
                "entries" => {
                    let mut entries = serde_json::Map::new();
                    json.object(|json, key| {
                        entries.insert(key.to_owned(), json.value()?);
                        Ok(())
                    })?;
                    entries.into()
                }
                _ => json.value()?,
            };
            top.insert(key.to_owned(), value);
            Ok(())
        })?;
        json.end()?;
        Ok(top.into())
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~äß\n\"\\\\]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"é]{1,3}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_the_same_whatever_the_chunks(value in values(), entry in values(), skipped in values(), chunk in 1_usize..40) {
            let whole = json!({"a": value, "entries": {"x": entry, "y": 12}, "skipped": skipped, "n": 345});
            let mut expected = whole.clone();
            expected["skipped"] = Value::Null;
            for text in [whole.to_string(), format!(" {} \n", serde_json::to_string_pretty(&whole).expect("JSON"))] {
                prop_assert_eq!(read(&text, chunk).expect("JSON"), expected.clone());
            }
        }

        #[test]
        fn notices_every_missing_end(value in values(), chunk in 1_usize..40, cut in 1_usize..1000) {
            let text = json!({"entries": {"x": value}, "skipped": {"a": [1]}, "n": 1}).to_string();
            let mut end = text.len() - 1 - cut % (text.len() - 1);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let error = read(&text[..end], chunk).expect_err("cut off").to_string();
            prop_assert!(error.contains(&format!("ends too early, after {end} bytes")), "{}", error);
        }
    }

    #[test]
    fn says_where_it_is_wrong() {
        for (text, expected) in [
            ("", "it ends too early, after 0 bytes: was it cut off, or is it still being written?"),
            ("<html>", "it is not JSON as dbt writes it: expected an object at byte 0"),
            ("[1]", "it is not JSON as dbt writes it: expected an object at byte 0"),
            ("{\n \"a\": 1,\n \"b\": [1,\n x]}", "expected value at byte 22"),
            (r#"{"a": 1,}"#, "it is not JSON as dbt writes it: expected a key at byte 8"),
            (r#"{"a" 1}"#, "it is not JSON as dbt writes it: expected a colon at byte 5"),
            (
                r#"{"a": 1 "b": 2}"#,
                "it is not JSON as dbt writes it: expected a comma or the end of an object at byte 8",
            ),
            (r#"{"a": 1} {"#, "it goes on after its end, at byte 9"),
            (r#"{"entries": 1}"#, "it is not JSON as dbt writes it: expected an object at byte 12"),
        ] {
            for chunk in [1, 3, 4096] {
                assert_eq!(read(text, chunk).expect_err(text).to_string(), expected, "{text} by {chunk}");
            }
        }
    }
}
