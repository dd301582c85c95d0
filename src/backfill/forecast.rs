//! What the packages do next with a limit. Pure.

use crate::event::PackageState;
use crate::snowplow::{Frontier, Observation, PackageTables};
use crate::timestamp::Timestamp;

/// What the packages do next with a limit: the forecast of plans, and what a run is expected to do.
#[must_use]
pub fn states(observation: &Observation, limit_days: u32) -> Vec<PackageState> {
    let now = observation.now;
    let state = |tables: &PackageTables| {
        let (standing, settings) = (tables.standing(), &tables.package.settings);
        PackageState {
            package: tables.package.name.clone(),
            state: standing.state,
            frontier: match standing.frontier() {
                Frontier::Nothing | Frontier::Start => settings.start_date,
                Frontier::At(time) => Some(time),
            },
            window: tables.next_window(limit_days, now),
            runs_left: standing.runs_left(settings, limit_days, now),
        }
    };
    observation.packages.iter().map(state).collect()
}

/// The limit of a run that follows no stall: the user's, or less where `--until` is nearer.
#[must_use]
pub fn regular_limit(base: u32, until: Option<Timestamp>, states: &[PackageState]) -> u32 {
    let Some(until) = until else { return base };
    let days = |state: &PackageState| state.frontier.map(|frontier| until.days_since_rounded_up(frontier));
    match states.iter().map(days).collect::<Option<Vec<_>>>().and_then(|days| days.into_iter().max()) {
        Some(days) => days.clamp(1, base),
        None => base,
    }
}

/// What the packages do first. The window of the first run is shorter where `--until` is nearer.
#[must_use]
pub fn first_states(observation: &Observation, base: u32, until: Option<Timestamp>) -> Vec<PackageState> {
    let mut first = states(observation, base);
    let shorter = states(observation, regular_limit(base, until, &first));
    for (state, shorter) in first.iter_mut().zip(shorter) {
        state.window = shorter.window;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::super::testing::at;
    use super::*;
    use crate::snowplow::State;

    #[test]
    fn until_shortens_the_last_window() {
        let state = |frontier: Option<&str>| PackageState {
            package: "p".into(),
            state: State::Standard,
            frontier: frontier.map(at),
            window: None,
            runs_left: None,
        };
        let known = [state(Some("2020-03-01")), state(Some("2020-03-02"))];
        for (until, days) in [("2020-03-11 01:00", 11), ("2020-12-01", 30), ("2020-03-01", 1)] {
            assert_eq!(regular_limit(30, Some(at(until)), &known), days, "{until}");
        }
        assert_eq!(regular_limit(30, None, &known), 30);
        assert_eq!(regular_limit(30, Some(at("2020-03-11")), &[state(None)]), 30);
    }
}
