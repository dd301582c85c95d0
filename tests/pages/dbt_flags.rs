//! What becomes of each flag of dbt.

use std::fmt::Write;

use snowplow_backfill::dbt::{Calls, DBT_FLAGS, DbtFlag, Handling};

use crate::table;

pub fn text() -> String {
    let mut text = String::new();
    let mut part = |title: &str, column: &str, told: fn(Handling) -> Option<&'static str>| {
        let rows = DBT_FLAGS.iter().filter_map(|flag| Some([name(flag), told(flag.handling)?.to_owned()]));
        let _ = writeln!(text, "{title}\n\n{}", table(["dbt's flag", column], rows));
    };
    part("These are flags of this tool, too:", "passed on to", |handling| match handling {
        Handling::Own(calls) => Some(describe(calls)),
        Handling::PassedOn(_) | Handling::Refused(_) => None,
    });
    part("These may follow `--` in `run` and `plan`:", "passed on to", |handling| match handling {
        Handling::PassedOn(calls) => Some(describe(calls)),
        Handling::Own(_) | Handling::Refused(_) => None,
    });
    part("These may not be given:", "reason", |handling| match handling {
        Handling::Refused(why) => Some(why),
        Handling::Own(_) | Handling::PassedOn(_) => None,
    });
    text
}

fn name(flag: &DbtFlag) -> String {
    let short = flag.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let no = if flag.has_value { "" } else { "[no-]" };
    let has_opposite =
        !["help", "version", "full-refresh", "warn-error", "no-parallel"].contains(&flag.names[0]);
    let no = if has_opposite { no } else { "" };
    let names: Vec<_> = flag.names.iter().map(|name| format!("`--{no}{name}`")).collect();
    short + &names.join(", ")
}

fn describe(calls: Calls) -> &'static str {
    match calls {
        Calls::Run => "`dbt run`",
        Calls::RunAndLs => "`dbt ls` and `dbt run`",
        Calls::All => "every call of dbt",
    }
}
