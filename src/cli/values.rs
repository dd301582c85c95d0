//! How the values of flags are read.

use std::ffi::OsStr;
use std::time::Duration;

use clap::Arg;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

/// More days than there are events, and few enough for the calendar of every warehouse.
const MOST_DAYS: u32 = 36_500;

/// Any text. Shells complete the given values, but others are accepted: the command's own error is more
/// helpful than clap's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suggested(pub(super) fn() -> Vec<String>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

pub(super) fn days(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(days),
        _ => Err(format!("must be a whole number of days from 1 to {MOST_DAYS}")),
    }
}

pub(super) fn at_least_one(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|&number| number > 0)
        .ok_or_else(|| "must be a whole number, 1 or greater".to_owned())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "must be a time with its unit, such as 2h or 90m".to_owned())
}
