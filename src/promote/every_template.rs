//! A test: every template of every warehouse is rendered, with all that a plan can hold.

use std::collections::BTreeMap;

use super::plan::{
    Action, BackupNames, Column, Configured, CopyStrategy, Fingerprints, Identity, Layout, Ledger, MovedRow,
    Physical, Plan, Table, TableFacts, Verification, dependents_questions,
};
use super::read::{
    KIND, SIZE, guards_questions, in_schema_of, question, questions, rights_questions, tags_question,
};
use super::sql::{Scripts, drop_backup_statement, standing_query};
use super::templates::testing;
use crate::snowplow::Family;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

#[test]
fn every_template_of_every_warehouse_is_rendered() {
    for dialect in Dialect::ALL {
        for &strategy in CopyStrategy::of(dialect) {
            let plan = plan(dialect, strategy);
            Scripts::of(&plan).expect("the names are allowed");
            for ledger in &plan.ledgers {
                standing_query(dialect, ledger).expect("a query");
            }
        }
        let (backup, replaced) = (relation(dialect, "prod", "t__bk"), relation(dialect, "prod", "t"));
        drop_backup_statement(&BackupNames { dialect, backup, replaced }).expect("a statement");
    }
    for dialect in Dialect::ALL {
        for template in questions(dialect)
            .iter()
            .copied()
            .chain(guards_questions(dialect).iter().map(|asking| asking.template))
            .chain(dependents_questions(dialect).iter().map(|asking| asking.template))
            .chain([KIND, SIZE])
            .chain(tags_question(dialect))
        {
            question(dialect, template).expect("a question");
        }
        if let Some([of_table, of_schema]) = rights_questions(dialect) {
            question(dialect, of_table).expect("a question");
            in_schema_of(&relation(dialect, "prod", "created"), dialect, of_schema).expect("a question");
        }
    }
    assert_eq!(testing::not_rendered(), [""; 0], "no plan needs these");
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn relation(dialect: Dialect, schema: &str, name: &str) -> Relation {
    let database = if dialect == Dialect::Spark { "" } else { "db." };
    Relation::parse(&format!("{database}{schema}.{name}"), dialect).expect("a relation")
}

/// Every action on tables, and every standing of rows.
fn plan(dialect: Dialect, strategy: CopyStrategy) -> Plan {
    let created = table(dialect, "created", Action::Create);
    // Without a connection, nobody knows whether prod has it.
    let mut unknown = table(dialect, "unknown", Action::Create);
    unknown.facts.prod_exists = None;
    unknown.facts.physical = Physical::default();
    let backup = relation(dialect, "prod", "replaced__bk");
    let replaced = table(dialect, "replaced", Action::Replace { backup });
    let kept = table(dialect, "kept", Action::Keep);
    let added = ["created", "unknown", "kept"].map(str::to_owned).to_vec();
    let moved = |model: &str, from: &str, first: Option<&str>| MovedRow {
        model: model.to_owned(),
        from: at(from),
        first: first.map(at),
    };
    let planned = Ledger {
        package: "snowplow_identities".to_owned(),
        family: Family::Load,
        staging: relation(dialect, "staging", "manifest"),
        prod: relation(dialect, "prod", "manifest"),
        new: Some(Layout::default()),
        time: Some(at("2023-10-11 10:11:12.123456")),
        cap: Some(at("2023-10-11")),
        added: added.clone(),
        moved: vec![moved("replaced", "2023-10-01", Some("2022-01-02")), moved("helper", "2023-12-01", None)],
    };
    let offline =
        Ledger { family: Family::Session, time: None, cap: None, moved: Vec::new(), ..planned.clone() };
    Plan {
        dialect,
        from: "staging".to_owned(),
        to: "prod".to_owned(),
        selection: Vec::new(),
        made_at: at("2023-11-12"),
        strategy,
        verify: Some(Verification::Full),
        schemas: vec![relation(dialect, "prod", "created")],
        tables: vec![created, unknown, replaced, kept],
        ledgers: vec![planned, offline],
        left_alone: Vec::new(),
        forecasts: Vec::new(),
        notes: Vec::new(),
        fingerprints: Fingerprints { manifests: String::new(), staging_rows: None, prod_rows: None },
    }
}

fn table(dialect: Dialect, model: &str, action: Action) -> Table {
    let physical = physical(dialect);
    let facts = TableFacts {
        staging: relation(dialect, "staging", model),
        prod: relation(dialect, "prod", model),
        staging_exists: Some(true),
        prod_exists: Some(true),
        // Nobody gave it tags.
        replaced: Physical { tags: Vec::new(), ..physical.clone() },
        layout: Layout {
            is_clustered_by_choice: true,
            distribution: Some("diststyle even".to_owned()),
            sort_key: Some("sortkey auto".to_owned()),
            properties: BTreeMap::from([("key".to_owned(), "it's".to_owned())]),
            ..physical.layout.clone().expect("a layout")
        },
        physical,
        grants: BTreeMap::from([("select".to_owned(), vec!["reporter".to_owned()])]),
        date_column: Some("start_tstamp".to_owned()),
        configured: Configured {
            change_tracking: Some(true),
            tags: Some("team = 'web'".to_owned()),
            column_tags: BTreeMap::from([("number".to_owned(), "'pii' = 'yes'".to_owned())]),
            automatic_clustering: (model == "created").then_some(false),
            ..Configured::default()
        },
    };
    Table { model: model.to_owned(), facts, action, is_free: false }
}

fn physical(dialect: Dialect) -> Physical {
    let described = Column { description: Some("it's".to_owned()), ..Column::plain("start_tstamp") };
    let numbered = Column { identity: Some(Identity::Always), ..Column::plain("number") };
    let serial = Column { is_serial: true, ..Column::plain("serial") };
    let made_by = "CREATE TABLE t(start_tstamp TIMESTAMP, number INTEGER, serial INTEGER);";
    Physical {
        columns: vec![described, numbered, serial],
        layout: Some(Layout {
            partition_by: Some("start_tstamp".to_owned()),
            cluster_by: Some("number".to_owned()),
            distribution: Some("diststyle all".to_owned()),
            sort_key: Some("sortkey (number)".to_owned()),
            buckets: Some("(number) into 4 buckets".to_owned()),
            properties: BTreeMap::from([("require_partition_filter".to_owned(), "true".to_owned())]),
            partition_column: (dialect == Dialect::BigQuery).then(|| "start_tstamp".to_owned()),
            transient: Some(true),
            format: Some("delta".to_owned()),
            location: Some("s3://bucket/table".to_owned()),
            is_clustered_by_choice: false,
        }),
        description: Some("it's".to_owned()),
        create_statement: Some(made_by.to_owned()),
        indexes: vec!["CREATE INDEX i ON t(number);".to_owned()],
        tags: vec!["team".to_owned()],
        automatic_clustering: Some(true),
        granted: vec![["select".to_owned(), "reporter".to_owned()]],
        ..Physical::default()
    }
}
