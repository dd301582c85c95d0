//! Reads a large JSON object entry by entry: only one entry and a buffer are in memory, however large the
//! file is.

use std::fmt::Display;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use anyhow::{Context, Result, anyhow, bail};
use serde::de::{DeserializeOwned, IgnoredAny};

/// How much is read at a time, at least.
const CHUNK: usize = 1 << 18;

/// A longer entry is not from dbt, and it would have to be in memory as a whole.
const LONGEST_ENTRY: usize = 64 << 20;

/// JSON that is read from its start to its end.
#[derive(Debug)]
pub struct JsonStream<R> {
    source: R,
    chunk: usize,
    longest: usize,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer begins.
    position: usize,
    filled: usize,
    /// Bytes of the file in front of the buffer.
    passed: usize,
    /// Nothing follows the buffer.
    ended: bool,
}

impl<R: Read> JsonStream<R> {
    /// Reads from `source`.
    pub fn new(source: R) -> Self {
        Self::with_chunks(source, CHUNK)
    }

    fn with_chunks(source: R, chunk: usize) -> Self {
        Self {
            source,
            chunk,
            longest: LONGEST_ENTRY,
            buffer: Vec::new(),
            position: 0,
            filled: 0,
            passed: 0,
            ended: false,
        }
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
        self.object_until(|json, key| entry(json, key).map(|()| false)).map(drop)
    }

    /// The same for an object that may be missing.
    ///
    /// # Errors
    /// Those of `entry`; it is neither an object nor null; it cannot be read to its end.
    pub fn object_or_null(&mut self, entry: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<()> {
        if self.peek()? == b'n' { self.value() } else { self.object(entry) }
    }

    /// Reads an object until `entry` has seen enough; whether it has.
    ///
    /// # Errors
    /// Those of `entry`; it is no object; it cannot be read that far.
    pub fn object_until(&mut self, mut entry: impl FnMut(&mut Self, &str) -> Result<bool>) -> Result<bool> {
        self.expect(b'{', "an object")?;
        if self.peek()? == b'}' {
            self.position += 1;
            return Ok(false);
        }
        let mut key = String::new();
        loop {
            if self.peek()? != b'"' {
                return Err(self.expected("a key"));
            }
            self.read_key(&mut key)?;
            self.expect(b':', "a colon")?;
            if entry(self, &key)? {
                return Ok(true);
            }
            if self.peek()? == b'}' {
                self.position += 1;
                return Ok(false);
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
            let rest = self.rest();
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

    /// Skips a value that fits into memory.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub fn skip(&mut self) -> Result<()> {
        self.value().map(|IgnoredAny| ())
    }

    /// Skips a value; an object entry by entry.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub fn skip_section(&mut self) -> Result<()> {
        if self.peek()? == b'{' { self.object(|json, _| json.skip()) } else { self.skip() }
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

    /// Reads a key into a string that all keys share: there are tens of thousands.
    fn read_key(&mut self, key: &mut String) -> Result<()> {
        let rest = &self.rest()[1..];
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
            while let Some(&byte) = self.rest().first() {
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
        self.buffer.copy_within(self.position..self.filled, 0);
        self.filled -= self.position;
        self.passed += self.position;
        self.position = 0;
        if self.filled > self.longest {
            bail!("the entry at byte {} is longer than {} MB", self.offset(), self.longest >> 20);
        }
        // Twice as much as there is, so that a long entry is not parsed over and over; never much more than
        // what is refused.
        let more = self.chunk.max(self.filled.min(self.longest - self.filled));
        let wanted = self.filled + more;
        if self.buffer.len() < wanted {
            let missing = wanted - self.buffer.len();
            let reserved = self.buffer.try_reserve_exact(missing);
            reserved.with_context(|| {
                format!("there is no memory for the entry at byte {}", self.passed + self.position)
            })?;
            self.buffer.resize(wanted, 0);
        }
        while self.filled < wanted {
            match self.source.read(&mut self.buffer[self.filled..wanted]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("it cannot be read"),
            }
        }
        Ok(())
    }

    /// What was read from the source, but not from this.
    fn rest(&self) -> &[u8] {
        &self.buffer[self.position..self.filled]
    }

    /// The place of the next unread byte in the file.
    fn offset(&self) -> usize {
        self.passed + self.position
    }

    fn expected(&self, what: &str) -> anyhow::Error {
        anyhow!("it is not JSON as dbt writes it: expected {what} at byte {}", self.offset())
    }

    fn truncated(&self) -> anyhow::Error {
        truncated(self.passed + self.filled)
    }

    /// An error of serde_json's, at its place in the file rather than in what was looked at.
    fn misplaced(&self, error: &serde_json::Error) -> anyhow::Error {
        if error.is_eof() {
            return self.truncated();
        }
        let place = self.offset() + place_in(self.rest(), error);
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

impl<R: Read + Seek> JsonStream<R> {
    /// Skips the rest, but makes sure that the file ends with an object.
    ///
    /// # Errors
    /// It does not, or cannot be read.
    pub fn skip_to_the_end(&mut self) -> Result<()> {
        const TAIL: u64 = 64;
        let length = self.source.seek(SeekFrom::End(0)).context("it cannot be read")?;
        self.source.seek(SeekFrom::Start(length.saturating_sub(TAIL))).context("it cannot be read")?;
        let mut tail = Vec::new();
        self.source.read_to_end(&mut tail).context("it cannot be read")?;
        if tail.trim_ascii_end().last() != Some(&b'}') {
            return Err(truncated(length));
        }
        Ok(())
    }
}

fn truncated(length: impl Display) -> anyhow::Error {
    anyhow!("it ends too early, after {length} bytes: was it cut off, or is it still being written?")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Everything, read through chunks of a few bytes.
    fn read(text: &str, chunk: usize) -> Result<Value> {
        let mut json = JsonStream::with_chunks(text.as_bytes(), chunk);
        let mut top = serde_json::Map::new();
        json.object(|json, key| {
            let value = match key {
                "skipped" => json.skip_section().map(|()| Value::Null)?,
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
    fn can_stop_early_without_missing_a_cut_off_end() {
        let text = json!({"a": 1, "b": {"x": 2}, "c": "not looked at"}).to_string();
        for (text, whole) in
            [(text.as_str(), true), (&text[..text.len() - 1], false), (&format!("{text} \n"), true)]
        {
            let mut json = JsonStream::with_chunks(Cursor::new(text), 4);
            let mut seen = Vec::new();
            let enough = json.object_until(|json, key| {
                seen.push(key.to_owned());
                json.skip()?;
                Ok(key == "b")
            });
            assert!(enough.expect("JSON"));
            assert_eq!((seen.join(""), json.skip_to_the_end().is_ok()), ("ab".to_owned(), whole));
        }
    }

    #[test]
    fn an_entry_without_end_is_refused_before_it_fills_the_memory() {
        let endless = br#"{"a": ""#.chain(std::io::repeat(b'x'));
        let mut json = JsonStream::with_chunks(endless, 4096);
        json.longest = 3 << 20;
        let error = json.object(|json, _| json.skip()).expect_err("no end");
        assert_eq!(error.to_string(), "the entry at byte 6 is longer than 3 MB");
    }

    #[test]
    fn the_memory_in_use_does_not_grow_with_the_file() {
        let entry = format!("\"x\": {{\"text\": \"{}\"}},", "y".repeat(1000));
        let entries = std::iter::repeat_n(entry, 20_000).collect::<String>();
        let text = format!("{{\"nodes\": {{{entries}\"z\": 1}}}}");
        let mut json = JsonStream::with_chunks(text.as_bytes(), 4096);
        json.object(|json, _| json.skip_section()).expect("JSON");
        assert!(text.len() > 20_000_000 && json.buffer.capacity() < 20_000, "{}", json.buffer.capacity());
    }

    #[test]
    fn a_long_entry_takes_no_more_memory_than_it_is_long() {
        let text = format!("{{\"a\": \"{}\"}}", "x".repeat((3 << 20) - 100));
        let mut json = JsonStream::with_chunks(text.as_bytes(), 4096);
        json.longest = 3 << 20;
        json.object(|json, _| json.skip()).expect("JSON");
        assert!(json.buffer.capacity() <= (3 << 20) + 4096, "{}", json.buffer.capacity());
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
