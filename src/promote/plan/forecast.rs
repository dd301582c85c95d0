//! What prod's next run will be after the promotion. Pure.

use anyhow::{Result, bail};
use serde::Serialize;

use super::facts::PackageFacts;
use crate::failure::Refusal;
use crate::snowplow::{Family, Row, Settings, Standing};
use crate::snowplow::{State, Window};
use crate::timestamp::Timestamp;

/// The next run of one package in prod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    pub package: String,
    /// The state in which the run begins.
    pub state: State,
    /// Its window; none where it depends on a start date that is not known.
    pub window: Option<Window>,
    /// Hours of events that models read again, besides the lookback, because other models are behind them.
    pub hours_read_again: f64,
    /// How many runs it takes until all rows agree.
    pub runs_until_in_step: u32,
}

/// Forecasts it by the packages' own formulas.
///
/// # Errors
/// A [`Refusal`]: the next run would begin at the start date, or the rows would never agree.
pub fn of(package: &PackageFacts, rows: &[Row], now: Timestamp, to: &str) -> Result<Forecast> {
    let standing = Standing::of(package.family, &package.enabled_in_prod, rows);
    let lacking: Vec<_> = package
        .enabled_in_prod
        .iter()
        .filter(|model| rows.iter().all(|row| row.model != **model))
        .map(String::as_str)
        .collect();
    if !lacking.is_empty() {
        let consequence = match package.family {
            Family::Session => "the next run there would process all events from the start date again",
            Family::Load => "these would start where the others are and never see earlier events",
        };
        bail!(Refusal(format!(
            "the project of {to} also holds {}, tracked by {} but without a row there: {consequence}. \
             Promote them together (add them to --select; +my_model also selects the ancestors), or disable \
             them for {to}",
            lacking.join(", "),
            package.name
        )))
    }
    let (min, max) = standing.span.unwrap_or((now, now));
    if package.family == Family::Load && standing.state == State::OutOfSync && !package.load_family_heals {
        bail!(Refusal(format!(
            "{to} would be out of sync afterwards ({min} and {max}), and {} cannot recover from that with \
             its version of snowplow_utils (before 1.0.1). Upgrade snowplow_utils, or backfill staging to \
             where {to} is",
            package.name
        )))
    }
    let settings = Settings { start_date: package.start_date, lookback_hours: package.lookback_hours };
    let hours = max.since(min).as_seconds_f64() / 3600.0;
    let days = max.days_since_rounded_up(min);
    Ok(Forecast {
        package: package.name.clone(),
        state: standing.state,
        window: standing.window(package.family, &settings, package.limit_days, now),
        hours_read_again: hours,
        runs_until_in_step: if days == 0 { 0 } else { days.div_ceil(package.limit_days.max(1)) },
    })
}
