//! Reading the values of flags.

use std::ffi::OsStr;

use clap::Arg;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

/// Longer than any warehouse has events, and short enough for every warehouse's calendar.
const MOST_DAYS: u32 = 36_500;

/// Any text, of which shells are told what there is to complete: the command itself knows best what to say to the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Among(pub(super) fn() -> Vec<String>);

impl TypedValueParser for Among {
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
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "must be a whole number from 1".to_owned())
}
