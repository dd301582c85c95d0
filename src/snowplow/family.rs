//! The two ways in which Snowplow's packages work out their windows.

/// A family of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// By session and its timestamp: unified, web, mobile, ecommerce, media player, normalize.
    Session,
    /// By load timestamp (`…_t`): identities, agent analytics.
    Load,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Session, Self::Load];

    /// The macro that its on-run-end hook calls.
    #[must_use]
    pub fn hook_macro(self) -> &'static str {
        match self {
            Self::Session => "snowplow_incremental_post_hook",
            Self::Load => "snowplow_incremental_post_hook_t",
        }
    }

    /// The macro that the model of its limits calls.
    #[must_use]
    pub fn limits_macro(self) -> &'static str {
        match self {
            Self::Session => "get_run_limits",
            Self::Load => "get_run_limits_t",
        }
    }
}

/// Whether a version of snowplow_utils is 1.0.1 or newer, where the load family gets back into step by itself.
#[must_use]
pub fn load_family_heals(utils_version: &str) -> bool {
    is_at_least(utils_version, [1, 0, 1])
}

/// Whether a version of snowplow_utils is 0.15.1 or newer, where the hook can be given a session_timestamp: before, it records
/// the collector_tstamp.
#[must_use]
pub fn hook_takes_session_timestamp(utils_version: &str) -> bool {
    is_at_least(utils_version, [0, 15, 1])
}

fn is_at_least(version: &str, wanted: [u32; 3]) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0)) >= wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_snowplow_utils_are_compared_by_number() {
        assert!(["1.0.1", "1.0.10", "1.1", "2"].iter().all(|version| load_family_heals(version)));
        assert!(!["1.0.0", "1.0", "0.17.4"].iter().any(|version| load_family_heals(version)));
        assert!(["0.15.1", "0.17", "1"].iter().all(|version| hook_takes_session_timestamp(version)));
        assert!(!["0.15", "0.14.3"].iter().any(|version| hook_takes_session_timestamp(version)));
    }
}
