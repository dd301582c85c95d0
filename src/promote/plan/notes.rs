//! Notes for whoever executes a script.

use super::arranging::{self, new_arrangement};
use super::copying::{is_clustered_automatically, reads_by_query, written_as};
use super::facts::Facts;
use super::parts::{Action, Plan, Table};
use super::properties;
use super::strategy::CopyStrategy;
use super::{granted, hidden, replaced};
use crate::warehouse::Dialect;

/// What is not known, not carried over, or left to do by hand.
#[must_use]
pub(super) fn of(plan: &Plan, facts: &Facts) -> Vec<String> {
    let mut notes = Vec::new();
    if facts.now.is_none() {
        notes.push(
            "worked out from dbt manifests alone: rows, columns and physical tables of both sides are not \
             known. The script checks rows when it runs; run it with a connection (--target, --to) to have \
             all of it checked now"
                .to_owned(),
        );
    }
    notes.extend(facts.notes.iter().cloned());
    notes.extend(facts.packages.iter().filter_map(|package| hidden::may_hide_rows(plan.dialect, package)));
    notes.extend(plan.tables.iter().flat_map(|table| of_table(plan, table, facts.now.is_some())));
    if plan.tables.iter().any(|table| matches!(table.action, Action::Replace { .. })) {
        notes.push(format!(
            "no run of {} may be in progress while this is executed: it would record events that only the \
             replaced table has seen. Pause its schedule",
            plan.to
        ));
    }
    if !plan.tables.is_empty() {
        notes.push(ownership(plan.dialect).to_owned());
    }
    if plan.strategy == CopyStrategy::Move {
        notes.push(
            "staging loses its tables, and its rows of these models with them, so that it builds them anew \
             if it runs again"
                .to_owned(),
        );
    }
    notes
}

fn of_table(plan: &Plan, table: &Table, is_connected: bool) -> Vec<String> {
    let (model, physical) = (&table.model, &table.facts.physical);
    let is_rewritten = reads_by_query(plan.dialect, plan.strategy, table);
    let guards = physical.guards.iter().flatten();
    let lost = physical.left_behind.iter().chain(guards.clone().filter(|_| is_rewritten));
    let is_moved = plan.strategy == CopyStrategy::Move;
    let becomes = if is_moved { "comes along" } else { "not carried over" };
    let mut notes: Vec<_> = lost.map(|what| format!("{model}: {becomes}: {what}")).collect();
    if table.action != Action::Keep {
        notes.extend(of_properties(plan, table));
    }
    if !is_moved {
        notes.extend(granted::not_given(plan.dialect, table));
        notes.extend(granted::of_columns(physical).map(|what| format!("{model}: {becomes}: {what}")));
    }
    if !is_rewritten && physical.guards.as_ref().is_some_and(|guards| !guards.is_empty()) {
        let guards: Vec<_> = guards.map(String::as_str).collect();
        notes.push(format!(
            "{model}: staging's table has {}, which can come along with it: look at prod's table afterwards",
            guards.join(", ")
        ));
    }
    notes.extend(may_be_filtered(plan, table).filter(|_| is_connected));
    if table.action != Action::Keep && written_as(plan.dialect, plan.strategy, table) == CopyStrategy::Ctas {
        notes.extend(lost_by_ctas(plan.dialect, table));
    }
    if is_moved {
        notes.extend(moved(table, is_connected));
    }
    if matches!(table.action, Action::Replace { .. }) {
        notes.extend(replaced::of(plan, table));
        notes.extend(may_be_unguarded(plan.dialect, table));
        let dependents = &table.facts.replaced.dependents;
        if !dependents.is_empty() {
            notes.push(format!(
                "{model}: views on the table that is replaced stay on its backup until they are built again: \
                 {}",
                dependents.join(", ")
            ));
        }
    }
    let bound = &table.facts.replaced.bound;
    if matches!(table.action, Action::Replace { .. }) && !bound.is_empty() {
        notes.push(format!(
            "{model}: this uses the table that is replaced, whatever its name is, and stays on its backup until it is \
             made again: {}",
            bound.join(", ")
        ));
    }
    if !table.facts.grants.is_empty() && matches!(plan.dialect, Dialect::DuckDb | Dialect::Spark) {
        notes.push(format!("{model}: {} has no grants; the project's are not given", plan.dialect));
    }
    notes
}

/// What staging's table has, as the catalogue tells it, and prod's does not get, or not for certain.
fn of_properties(plan: &Plan, table: &Table) -> Vec<String> {
    let Plan { dialect, strategy, .. } = *plan;
    let model = &table.model;
    let lost = properties::not_carried_over(dialect, strategy, table);
    let uncertain = properties::not_certain(dialect, strategy, table);
    let lost = lost.iter().map(|what| format!("{model}: not carried over: {what}"));
    let uncertain = uncertain.iter().map(|what| {
        format!("{model}: staging's table has {what}, which may come along: look at prod's table afterwards")
    });
    let rewritten = arranging::why_rewritten(dialect, strategy, table);
    let unseen = arranging::why_uncertain(dialect, written_as(dialect, strategy, table), table);
    rewritten
        .into_iter()
        .chain(unseen)
        .chain(lost)
        .chain(uncertain)
        .chain(of_snowflake(plan, table))
        .collect()
}

/// Snowflake: what prod's project configures and the script leaves out, or cannot see to.
fn of_snowflake(plan: &Plan, table: &Table) -> Vec<String> {
    let (model, facts) = (&table.model, &table.facts);
    if plan.dialect != Dialect::Snowflake {
        return Vec::new();
    }
    let has_key = new_arrangement(facts).cluster_by.is_some();
    let suspended = (has_key && !is_clustered_automatically(table)).then(|| {
        let why = if facts.configured.automatic_clustering == Some(false) {
            "as the project configures"
        } else {
            "as that of the table that is replaced"
        };
        format!("{model}: automatic clustering of {} stays suspended, {why}", facts.prod)
    });
    let policy = facts.configured.row_access_policy.as_ref().filter(|_| facts.physical.guards.is_none());
    let unseen = policy.map(|policy| {
        format!(
            "{model}: prod's project configures the row access policy {policy}, and prod's table gets it only if \
             staging's has it, which is not known. Look before you execute this"
        )
    });
    suspended.into_iter().chain(unseen).collect()
}

/// What `create table … as select` does not restate: of this table, or of any table where the catalogue does
/// not tell.
fn lost_by_ctas(dialect: Dialect, table: &Table) -> Option<String> {
    let of_any = match dialect {
        Dialect::Postgres | Dialect::DuckDb => {
            let lost = &table.facts.physical.lost_by_ctas;
            return (!lost.is_empty()).then(|| {
                format!(
                    "{}: create table … as select loses what the table has: {}",
                    table.model,
                    lost.join(", ")
                )
            });
        }
        Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => {
            properties::lost_by_ctas(dialect)
        }
    };
    Some(format!("{}: create table … as select loses what the table may have of this: {of_any}", table.model))
}

/// Postgres: what becomes of what a table had in staging.
fn moved(table: &Table, is_connected: bool) -> Vec<String> {
    let (model, physical) = (&table.model, &table.facts.physical);
    let mut notes = Vec::new();
    if !is_connected {
        notes.push(format!(
            "{model}: what others may do with staging's table is not known here. It is revoked, and a rollback does not give \
             it back"
        ));
    }
    if !physical.granted.is_empty() {
        let granted = physical.granted.iter().map(|[privilege, to]| format!("{privilege} to {to}"));
        notes.push(format!(
            "{model}: what others may do with staging's table is revoked, until a rollback gives it back: {}",
            granted.collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(owner) = &physical.other_owner {
        notes.push(format!("{model}: prod's table keeps staging's owner, {owner}"));
    }
    let readers: Vec<_> = [&physical.dependents, &physical.referenced_by, &physical.bound]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !readers.is_empty() {
        notes.push(format!(
            "{model}: what is bound to staging's table, such as views and foreign keys, follows it to prod: {}",
            readers.join(", ")
        ));
    }
    notes
}

/// The replaced table may hide rows or values, and nobody could see whether it does.
fn may_be_unguarded(dialect: Dialect, table: &Table) -> Option<String> {
    if !hidden::may_restrict(dialect) {
        return None;
    }
    let why = hidden::why_unknown(dialect, table.facts.replaced.guards.as_ref())?;
    Some(format!(
        "{}: whether policies or masks keep readers of {} from rows or values {why}; the new table has none \
         of them. Look before you execute this",
        table.model, table.facts.prod
    ))
}

/// Staging's table may hide rows or values, and nobody could see whether it does.
fn may_be_filtered(plan: &Plan, table: &Table) -> Option<String> {
    if !hidden::may_restrict(plan.dialect) || !reads_by_query(plan.dialect, plan.strategy, table) {
        return None;
    }
    let why = hidden::why_unknown(plan.dialect, table.facts.physical.hidden.as_ref())?;
    Some(format!(
        "{}: whether policies or masks keep this connection from rows or values of {} {why}; what it does not see is not \
         copied, and no comparison shows it. Look before you execute this",
        table.model, table.facts.staging
    ))
}

/// Who has to execute the script, so that prod's runs can write to the tables afterwards.
fn ownership(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres | Dialect::Redshift => {
            "execute it as the user of prod's dbt runs: whoever creates a table owns it, and only the owner \
             can alter it"
        }
        Dialect::Snowflake => {
            "execute it with the role of prod's dbt runs: the role that creates a table owns it, and dbt \
             must be able to alter and merge it"
        }
        Dialect::BigQuery => {
            "access that was given to single tables is not copied: prod's dataset decides who may read the \
             new ones"
        }
        Dialect::Databricks | Dialect::Spark => {
            "execute it as the principal of prod's dbt runs, which becomes the owner of the new tables"
        }
        Dialect::DuckDb => "execute it while no other process has the database file open",
    }
}
