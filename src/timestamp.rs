//! Points in event time, in UTC, as the warehouse holds them.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// A timestamp in UTC without a zone, as precise as the warehouse gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NaiveDateTime);

impl Timestamp {
    /// This machine's clock, cut to microseconds.
    ///
    /// For journals and display only. All decisions use the warehouse's clock.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::from(Utc::now())
    }

    /// `days` later, at the same time of day; the last representable moment where that would overflow.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDateTime::MAX))
    }

    /// `hours` earlier; the first representable moment where that would overflow.
    #[must_use]
    pub fn minus_hours(self, hours: u32) -> Self {
        Self(self.0.checked_sub_signed(TimeDelta::hours(hours.into())).unwrap_or(NaiveDateTime::MIN))
    }

    /// `hours` later; the last representable moment where that would overflow.
    #[must_use]
    pub fn plus_hours(self, hours: u32) -> Self {
        Self(self.0.checked_add_signed(TimeDelta::hours(hours.into())).unwrap_or(NaiveDateTime::MAX))
    }

    /// `seconds` earlier; the first representable moment where that would overflow.
    #[must_use]
    pub fn minus_seconds(self, seconds: u32) -> Self {
        Self(self.0.checked_sub_signed(TimeDelta::seconds(seconds.into())).unwrap_or(NaiveDateTime::MIN))
    }

    /// `micros` microseconds later; the last representable moment where that would overflow.
    #[must_use]
    pub fn plus_micros(self, micros: u32) -> Self {
        Self(self.0.checked_add_signed(TimeDelta::microseconds(micros.into())).unwrap_or(NaiveDateTime::MAX))
    }

    /// Midnight of the same day.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        Self(self.0.date().into())
    }

    /// Time from `earlier` to `self`; negative if `earlier` is in fact later.
    #[must_use]
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0 - earlier.0
    }

    /// Whole days from `earlier` to `self`, rounded down, at least 0.
    #[must_use]
    pub fn whole_days_since(self, earlier: Self) -> u32 {
        u32::try_from(self.since(earlier).num_days()).unwrap_or(0)
    }

    /// Days from `earlier` to `self`, rounded up, at least 0.
    #[must_use]
    pub fn days_since_rounded_up(self, earlier: Self) -> u32 {
        let whole = self.whole_days_since(earlier);
        if earlier.plus_days(whole) < self { whole + 1 } else { whole }
    }

    #[must_use]
    pub fn date(self) -> NaiveDate {
        self.0.date()
    }

    /// For file names: sorts by time, and has only characters that every file system allows.
    #[must_use]
    pub fn to_file_name(self) -> impl fmt::Display {
        self.0.format("%Y%m%dT%H%M%SZ")
    }

    /// For names of tables: digits only.
    #[must_use]
    pub fn to_digits(self) -> impl fmt::Display {
        self.0.format("%Y%m%d%H%M%S")
    }

    /// Without the fraction of a second, for people.
    #[must_use]
    pub fn to_the_second(self) -> impl fmt::Display {
        self.0.format("%Y-%m-%d %H:%M:%S")
    }

    /// Without seconds, for narrow columns.
    #[must_use]
    pub fn to_the_minute(self) -> impl fmt::Display {
        self.0.format("%Y-%m-%d %H:%M")
    }

    /// For literals: `2023-10-11 10:11:12.123456`, with nanoseconds if there are any.
    #[must_use]
    pub fn to_all_digits(self) -> impl fmt::Display {
        let whole = self.0.nanosecond().is_multiple_of(1000);
        self.0.format(if whole { "%Y-%m-%d %H:%M:%S%.6f" } else { "%Y-%m-%d %H:%M:%S%.9f" })
    }

    /// The point in time that is `micros` microseconds after the start of 1970.
    ///
    /// # Errors
    /// The number is too large for a date.
    pub fn from_micros(micros: i64) -> Result<Self> {
        match DateTime::from_timestamp_micros(micros) {
            Some(moment) => Ok(Self(moment.naive_utc())),
            None => bail!("{micros} microseconds since 1970 are not a date"),
        }
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        let micros = moment.timestamp_micros();
        Self(DateTime::from_timestamp_micros(micros).unwrap_or(moment).naive_utc())
    }
}

impl From<NaiveDate> for Timestamp {
    fn from(day: NaiveDate) -> Self {
        Self(day.into())
    }
}

impl fmt::Display for Timestamp {
    /// Exact, with a fraction of a second only if there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d %H:%M:%S%.f"))
    }
}

impl FromStr for Timestamp {
    type Err = anyhow::Error;

    /// Reads `2023-10-11` and `2023-10-11 10:11[:12[.123456]]`, also with `T` and a final `Z` or `+00:00`.
    ///
    /// # Errors
    /// The text is not a timestamp, or has another zone than UTC.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(day.into());
        }
        if let Ok(moment) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
            if moment.offset().local_minus_utc() != 0 {
                bail!("'{text}' is not in UTC: give the UTC time, without a zone");
            }
            return Ok(Self(moment.naive_utc()));
        }
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(&text.replacen(' ', "T", 1), format).ok())
            .map(Self)
            .with_context(|| {
                format!("'{text}' is neither a date (2024-01-31) nor a UTC time (2024-01-31 12:00:00)")
            })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%S%.fZ"))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn reads_what_warehouses_and_people_write() {
        for (text, shown) in [
            ("2024-02-29", "2024-02-29 00:00:00"),
            ("2024-02-29 01:02", "2024-02-29 01:02:00"),
            ("2024-02-29 01:02:03", "2024-02-29 01:02:03"),
            ("2024-02-29T01:02:03.004000", "2024-02-29 01:02:03.004"),
            ("2024-02-29 01:02:03.123456+00:00", "2024-02-29 01:02:03.123456"),
            ("2024-02-29T01:02:03Z", "2024-02-29 01:02:03"),
        ] {
            assert_eq!(at(text).to_string(), shown);
        }
        assert_eq!(at("2024-02-29 01:02:03").to_all_digits().to_string(), "2024-02-29 01:02:03.000000");
    }

    #[test]
    fn refuses_zones_and_nonsense() {
        for text in ["2024-02-29 01:02:03+02:00", "2024-02-30", "yesterday", "", "20240229"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn counts_days_both_ways() {
        let (early, late) = (at("2024-01-01 12:00:00"), at("2024-01-03 11:59:59.999999"));
        assert_eq!((late.whole_days_since(early), late.days_since_rounded_up(early)), (1, 2));
        assert_eq!((early.whole_days_since(late), early.days_since_rounded_up(late)), (0, 0));
        assert_eq!(early.plus_days(2).days_since_rounded_up(early), 2);
    }
}
