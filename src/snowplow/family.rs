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
