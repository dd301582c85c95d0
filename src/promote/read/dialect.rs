//! The warehouse of both sides.

use anyhow::{Result, bail};

use crate::dbt::Manifest;
use crate::warehouse::Dialect;

/// One warehouse for both sides; the user's word counts where a manifest's adapter is another (`--dialect`).
pub(super) fn common_dialect(
    staging: &Manifest,
    prod: &Manifest,
    (from, to): (&str, &str),
    wanted: Option<&str>,
) -> Result<Dialect> {
    let (ours, theirs) = (&staging.metadata.adapter_type, &prod.metadata.adapter_type);
    if ours != theirs {
        bail!(
            "{from} is on {ours} and {to} on {theirs}: tables cannot be promoted from one warehouse to \
             another"
        );
    }
    wanted.unwrap_or(ours).parse()
}
