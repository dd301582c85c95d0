//! How thoroughly both sides are compared.

use snowplow_backfill::promote::{CopyStrategy, Facts, Plan, Scripts, Verification, Wishes};
use snowplow_backfill::warehouse::Dialect;

use crate::cases;

fn plan(facts: &Facts, strategy: Option<CopyStrategy>, verify: Option<Verification>) -> Plan {
    let now = "2023-11-12 13:14:15".parse().expect("a time");
    Plan::of(facts, Wishes { strategy, verify, ..Wishes::default() }, now).expect("a plan")
}

/// What is compared, without the name of the model.
fn compared(plan: &Plan) -> Vec<String> {
    let scripts = Scripts::of(plan).expect("scripts");
    let title = |title: &str| title.replace("my_model: ", "");
    scripts.verify.statements.iter().map(|statement| title(&statement.title)).collect()
}

#[test]
fn what_the_warehouse_copies_itself_is_counted() {
    let all = ["rows", "digest of all rows", "last_success"];
    let counts = ["rows", "last_success"];
    for dialect in Dialect::ALL {
        let facts = cases::one_model(dialect).expect("facts");
        for &strategy in CopyStrategy::of(dialect) {
            let by_default: &[&str] = match strategy {
                CopyStrategy::Clone | CopyStrategy::Copy => &counts,
                CopyStrategy::Like | CopyStrategy::Ctas => &all,
                CopyStrategy::Move => &["last_success"],
            };
            let of = |verify| compared(&plan(&facts, Some(strategy), verify));
            assert_eq!(of(None), by_default, "{dialect} {strategy}");
            let is_moved = strategy == CopyStrategy::Move;
            assert_eq!(of(Some(Verification::Full)), if is_moved { by_default } else { &all }, "{dialect}");
            assert_eq!(
                of(Some(Verification::Counts)),
                if is_moved { by_default } else { &counts },
                "{dialect}"
            );
            assert_eq!(of(Some(Verification::None)), [""; 0], "{dialect}");
        }
    }
}

#[test]
fn what_is_read_is_told_where_it_costs() {
    for dialect in Dialect::ALL {
        let mut facts = cases::one_model(dialect).expect("facts");
        let bytes = |facts: &Facts, verify| plan(facts, Some(CopyStrategy::Ctas), verify).bytes_to_verify();
        assert_eq!(bytes(&facts, None), None, "{dialect}: not known");
        facts.models[0].table.as_mut().expect("a table").physical.bytes = Some(1_500_000_000);
        let expected = (dialect == Dialect::BigQuery).then_some(3_000_000_000);
        assert_eq!(bytes(&facts, None), expected, "{dialect}");
        assert_eq!(bytes(&facts, Some(Verification::Counts)), None, "{dialect}");
    }
}
