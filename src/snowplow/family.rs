//! The two families of Snowplow's packages. Each works out its windows in its own way.

/// A family of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Windows by session and its timestamp: unified, web, mobile, ecommerce, media player, normalize.
    Session,
    /// Windows by load timestamp, with macros named `…_t`: identities, agent analytics.
    Load,
}

impl Family {
    pub const ALL: [Self; 2] = [Self::Session, Self::Load];

    /// The macro that the on-run-end hook of a package calls.
    #[must_use]
    pub fn hook_macro(self) -> &'static str {
        match self {
            Self::Session => "snowplow_incremental_post_hook",
            Self::Load => "snowplow_incremental_post_hook_t",
        }
    }

    /// The macro that the model of a package's limits calls.
    #[must_use]
    pub fn limits_macro(self) -> &'static str {
        match self {
            Self::Session => "get_run_limits",
            Self::Load => "get_run_limits_t",
        }
    }
}

/// Whether models of the load family get back in sync by themselves: with snowplow_utils 1.0.1 and newer.
#[must_use]
pub fn load_family_heals(utils_version: &str) -> bool {
    is_at_least(utils_version, [1, 0, 1])
}

/// Whether the hook has a parameter session_timestamp: with snowplow_utils 0.15.1 and newer. Older hooks
/// record the collector_tstamp.
#[must_use]
pub fn hook_takes_session_timestamp(utils_version: &str) -> bool {
    is_at_least(utils_version, [0, 15, 1])
}

/// Whether models can have Snowplow's settings in `meta`: with snowplow_utils 1.0.0 and newer. Older versions only read
/// the top level of the configuration.
#[must_use]
pub fn settings_may_be_in_meta(utils_version: &str) -> bool {
    is_at_least(utils_version, [1, 0, 0])
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
        assert!(["1.0.0", "1", "1.0.1"].iter().all(|version| settings_may_be_in_meta(version)));
        assert!(!["0.17.4", "0.9"].iter().any(|version| settings_may_be_in_meta(version)));
        assert!(["0.15.1", "0.17", "1"].iter().all(|version| hook_takes_session_timestamp(version)));
        assert!(!["0.15", "0.14.3"].iter().any(|version| hook_takes_session_timestamp(version)));
    }
}
