//! `run` and `plan`.

use crate::dbt_2::world::{RUN, backfill};
use crate::support::dbt_2::{recording, warned};

#[test]
fn a_backfill_catches_up() {
    let fake = backfill(&[recording("run-good")]);
    let output = fake.tool(&RUN);
    eprintln!("{}\n{}", output.stdout, output.stderr);
    assert_eq!(warned(&fake), "");
    assert_eq!(output.code, 0);
}
