//! What counts in the end: after a promotion prod's next run is a standard run, and its tables are what they would be if prod had
//! had the models from the start.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, Output, Place};

const SITE: &str = "snowplow_site_incremental_manifest";
const SHOP: &str = "snowplow_shop_incremental_manifest";

/// All new models of the project, and what they are built from.
const NEW_MODELS: [&str; 4] = ["--select", "+engaged_visitors", "+daily_traffic", "+basket_value"];

/// Events from this day on come after the promotion.
const LATER: &str = "2022-02-20";

/// Databases before the promotion, made once and copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Before {
    /// Prod has caught up without the new models, which are finished in staging.
    NewModels,
    /// Prod has had all models from the start.
    AllModels,
}

impl Before {
    fn place(self, engine: Engine) -> &'static Place {
        type Made = HashMap<(Before, Engine), Arc<OnceLock<&'static Place>>>;
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        let slot = MADE.lock().expect("no panic while held").entry((self, engine)).or_default().clone();
        slot.get_or_init(|| {
            let lab = Lab::new(engine, NEW, Events::SHORT);
            lab.sql(&[
                &format!("create table atomic.later as select * from atomic.events where collector_tstamp >= timestamp '{LATER}'"),
                &format!("delete from atomic.events where collector_tstamp >= timestamp '{LATER}'"),
            ]);
            run_prod(&lab, &format!(
                "{{storefront__new_models: {}, snowplow__backfill_limit_days: 9999, snowplow__start_date: '{}'}}",
                self == Self::AllModels, Events::START
            ));
            if self == Self::NewModels {
                backfill(&lab, &NEW_MODELS);
            }
            Box::leak(Box::new(lab.into_place()))
        })
    }

    fn lab(self, engine: Engine, dbt: Dbt) -> Lab {
        Lab::on(self.place(engine), dbt, "project")
    }
}

fn run_prod(lab: &Lab, vars: &str) -> Output {
    lab.dbt(&["run", "--target", &lab.target("prod"), "--vars", vars]).success()
}

fn backfill(lab: &Lab, select: &[&str]) {
    let arguments = ["--start-date", Events::START, "--limit-days", "9999"];
    lab.tool(&[&["run"], select, &arguments].concat()).success();
}

fn promote(lab: &Lab, select: &[&str], more: &[&str]) -> Output {
    let to = lab.target("prod");
    lab.tool(&[&["promote"], select, &["--to", &to, "--apply"], more].concat()).success()
}

fn later_events(lab: &Lab) {
    lab.sql(&["insert into atomic.events select * from atomic.later"]);
}

/// Number and digest of the rows of all tables that the models keep.
fn contents(lab: &Lab, engine: Engine) -> String {
    let tables = lab.lines(
        "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE' and \
         table_schema in ('prod_derived', 'prod_snowplow_manifest') and table_name not like '%\\_\\_bk\\_%' escape '\\' order by 1",
    );
    let digest = match engine {
        Engine::DuckDb => "sum(hash(t))",
        Engine::Postgres => "sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint)",
    };
    let queries: Vec<_> = tables
        .lines()
        .map(|table| format!("select '{table}', count(*), {digest} from {table} as t"))
        .collect();
    lab.lines(&format!("{} order by 1", queries.join(" union all ")))
}

/// What prod's incremental manifest records, without the models of the project before they were written.
fn last_success(lab: &Lab, manifest: &str) -> String {
    lab.lines(&format!("select distinct last_success from prod_snowplow_manifest.{manifest}"))
}

/// Prod runs as it always does; each package's run is a standard one that begins where the last one ended.
#[track_caller]
fn next_run_is_standard(lab: &Lab, packages: &[&str]) {
    let before: Vec<_> = packages.iter().map(|package| last_success(lab, &manifest(package))).collect();
    let output = run_prod(lab, "{}");
    let count = |text: &str| output.stdout.matches(text).count();
    assert_eq!(count("Snowplow: Standard incremental run"), packages.len(), "{output}");
    for other in ["No data in manifest", "New Snowplow incremental model", "out of sync"] {
        assert_eq!(count(other), 0, "{output}");
    }
    for (package, before) in packages.iter().zip(before) {
        assert_eq!(before.lines().count(), 1, "{package} was in step: {before}");
        let lower = lab.lines(&format!(
            "select lower_limit from prod_scratch.{package}_base_new_event_limits where lower_limit = timestamp '{before}' - interval '6 hours'"
        ));
        assert_ne!(lower, "", "{package} began six hours before {before}");
        let rows = lab.lines(&format!(
            "select count(*), count(distinct model), count(distinct last_success) from prod_snowplow_manifest.{}",
            manifest(package)
        ));
        let parts: Vec<_> = rows.split(" | ").collect();
        assert!(parts[0] == parts[1] && parts[2] == "1", "{package}: {rows}");
        assert_ne!(last_success(lab, &manifest(package)), before, "{package} went on");
    }
}

fn manifest(package: &str) -> String {
    format!("{package}_incremental_manifest")
}

const BOTH: [&str; 2] = ["snowplow_site", "snowplow_shop"];

/// What prod would hold if it had had all models from the start.
fn expected(engine: Engine) -> &'static str {
    static MADE: LazyLock<Mutex<HashMap<Engine, Arc<OnceLock<String>>>>> = LazyLock::new(Mutex::default);
    let slot = MADE.lock().expect("no panic while held").entry(engine).or_default().clone();
    slot.get_or_init(|| {
        let lab = Before::AllModels.lab(engine, NEW);
        later_events(&lab);
        next_run_is_standard(&lab, &BOTH);
        contents(&lab, engine)
    });
    Box::leak(slot.get().expect("made").clone().into_boxed_str())
}

fn all_new_models(engine: Engine, dbt: Dbt) {
    let lab = Before::NewModels.lab(engine, dbt);
    let output = promote(&lab, &NEW_MODELS, &[]);
    assert!(output.stderr.contains("comparisons with staging are equal"), "{output}");
    assert_eq!(output.stdout, "");
    later_events(&lab);
    next_run_is_standard(&lab, &BOTH);
    let contents = contents(&lab, engine);
    assert_eq!(contents, expected(engine));
    for (table, key) in [("page_engagement", "page_view_id"), ("basket_value", "domain_sessionid")] {
        let rows = lab.lines(&format!(
            "select count(*) > 0, count(*) - count(distinct {key}) from prod_derived.{table}"
        ));
        assert_eq!(rows.to_lowercase(), "true | 0");
    }
}

#[test]
fn all_new_models_on_duckdb() {
    all_new_models(Engine::DuckDb, NEW);
}

#[test]
fn all_new_models_on_postgres() {
    all_new_models(Engine::Postgres, NEW);
}

#[test]
fn all_new_models_with_old_dbt() {
    all_new_models(Engine::DuckDb, OLD);
}
