//! What a plan was worked out from, as digests: whether anything moved since can be told from the script alone.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::facts::Facts;
use crate::snowplow::Row;

/// Digests of what a plan hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// What both dbt manifests say of the models, their relations and configuration.
    pub manifests: String,
    /// Staging's rows of the selected models; none offline.
    pub staging_rows: Option<String>,
    /// Prod's rows of the selected models; none offline.
    pub prod_rows: Option<String>,
}

/// Takes them.
#[must_use]
pub fn of(facts: &Facts) -> Fingerprints {
    let selected = |package: usize, row: &Row| {
        facts.models.iter().any(|model| model.package == package && model.name == row.model)
    };
    let digest = |side: fn(&super::facts::Tables) -> &Option<Vec<Row>>| {
        let mut lines = Vec::new();
        for (place, package) in facts.packages.iter().enumerate() {
            let rows = side(package.tables.as_ref()?);
            let mut own: Vec<_> = rows.iter().flatten().filter(|row| selected(place, row)).collect();
            own.sort_by_key(|row| (&row.model, row.last_success));
            lines.extend(own.into_iter().map(|row| {
                let time = row.last_success.map(|time| time.to_string()).unwrap_or_default();
                format!("{} {} {time}\n", package.name, row.model)
            }));
        }
        Some(short(lines.concat().as_bytes()))
    };
    Fingerprints {
        manifests: facts.manifests.clone(),
        staging_rows: digest(|tables| &tables.staging_rows),
        prod_rows: digest(|tables| &tables.prod_rows),
    }
}

/// The first 16 bytes of a SHA-256, in hexadecimal digits.
#[must_use]
pub fn short(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
