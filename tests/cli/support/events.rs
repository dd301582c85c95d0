//! The events of a test: generated once a process and shape, then copied.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use serde_json::json;

use super::lab::{Engine, Lab, Place};

/// The shape of the generated events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Events {
    pub first_day: &'static str,
    pub last_day: &'static str,
    pub gap_start: &'static str,
    pub gap_days: u32,
    pub shop_gap_start: &'static str,
    pub shop_gap_days: u32,
    pub sessions_per_day: u32,
}

impl Events {
    /// Eleven months with a gap of 200 days, from a few days after [`Events::START`].
    pub const GAP: Self = Self {
        first_day: "2022-01-05",
        last_day: "2022-11-10",
        gap_start: "2022-03-01",
        gap_days: 200,
        shop_gap_start: "2022-03-01",
        shop_gap_days: 0,
        sessions_per_day: 4,
    };

    /// Two months without a gap.
    pub const SHORT: Self = Self { last_day: "2022-02-28", gap_days: 0, ..Self::GAP };

    /// The same months, with a gap of 200 days for the shop's package alone.
    pub const SHOP_GAP: Self = Self { gap_days: 0, shop_gap_days: 200, ..Self::GAP };

    /// A start date before the first event.
    pub const START: &'static str = "2022-01-01";

    /// Arguments of the macro that makes them.
    pub fn arguments(self) -> String {
        json!({
            "first_day": self.first_day,
            "last_day": self.last_day,
            "gap_start": self.gap_start,
            "gap_days": self.gap_days,
            "shop_gap_start": self.shop_gap_start,
            "shop_gap_days": self.shop_gap_days,
            "sessions_per_day": self.sessions_per_day,
        })
        .to_string()
    }

    /// A database with these events and nothing else; made by the first test that wants it, while the others
    /// wait.
    pub fn database(self, engine: Engine) -> &'static Place {
        type Made = HashMap<(Events, Engine), Arc<OnceLock<&'static Place>>>;
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        let slot = MADE.lock().expect("no panic while held").entry((self, engine)).or_default().clone();
        slot.get_or_init(|| {
            let lab = Lab::empty(engine);
            lab.dbt(&["run-operation", "generate_events", "--args", &self.arguments()]).success();
            Box::leak(Box::new(lab.into_place()))
        })
    }
}
