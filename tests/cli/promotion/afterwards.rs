//! What counts in the end: after a promotion prod's next run is a standard run, and its tables are what they
//! would be if prod had had the models from the start.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, Output, PREVIOUS, Place};

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
            set_later_events_aside(&lab);
            run_prod(&lab, &format!(
                "{{storefront__new_models: {}, snowplow__backfill_limit_days: 9999, snowplow__start_date: \
                 '{}'}}",
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

fn set_later_events_aside(lab: &Lab) {
    lab.sql(&[
        &format!(
            "create table atomic.later as select * from atomic.events where collector_tstamp >= timestamp '{LATER}'"
        ),
        &format!("delete from atomic.events where collector_tstamp >= timestamp '{LATER}'"),
    ]);
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

fn later_events(lab: &Lab, which: &str) {
    lab.sql(&[&format!("insert into atomic.events select * from atomic.later where {which}")]);
}

/// Number and digest of the rows of all tables that the models keep.
fn contents(lab: &Lab, engine: Engine) -> String {
    let tables = lab.lines(
        "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE \
         TABLE' and table_schema in ('prod_derived', 'prod_snowplow_manifest') and table_name not like \
         '%\\_\\_bk\\_%' escape '\\' order by 1",
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

fn last_success(lab: &Lab, package: &str) -> String {
    lab.lines(&format!("select distinct last_success from {}", manifest(package)))
}

/// Prod runs as it always does; each package's run is a standard one that begins where the last one ended, by
/// the lookback.
#[track_caller]
fn next_run_is_standard(lab: &Lab, packages: &[&str], lookback_hours: u32) {
    let before: Vec<_> = packages.iter().map(|package| last_success(lab, package)).collect();
    let output = run_prod(lab, "{}");
    assert_eq!(states(&output), vec!["Standard incremental run"; packages.len()], "{output}");
    for (package, before) in packages.iter().zip(before) {
        assert_eq!(before.lines().count(), 1, "{package} was in step: {before}");
        let began = lab.lines(&format!(
            "select lower_limit = timestamp '{before}' - interval '{lookback_hours} hours' from \
             prod_scratch.{package}_base_new_event_limits"
        ));
        assert_eq!(began.to_lowercase(), "true", "{package} was at {before}");
        is_in_step(lab, package);
        assert_ne!(last_success(lab, package), before, "{package} went on");
    }
}

/// The states that the packages say they are in, a package after the other.
fn states(output: &Output) -> Vec<&str> {
    let states = [
        "No data in manifest",
        "New Snowplow incremental model",
        "models out of sync",
        "Standard incremental run",
    ];
    let of_line = |line: &str| states.into_iter().find(|state| line.contains(state));
    output.stdout.lines().filter_map(of_line).collect()
}

/// One row a model, all at one time.
#[track_caller]
fn is_in_step(lab: &Lab, package: &str) {
    let rows = lab.lines(&format!(
        "select count(*) > 0, count(*) - count(distinct model), count(distinct last_success) from {}",
        manifest(package)
    ));
    assert_eq!(rows.to_lowercase(), "true | 0 | 1", "{package}");
}

fn manifest(package: &str) -> String {
    format!("prod_snowplow_manifest.{package}_incremental_manifest")
}

const BOTH: [&str; 2] = ["snowplow_site", "snowplow_shop"];

/// What prod would hold if it had had all models from the start.
fn expected(engine: Engine) -> String {
    static MADE: LazyLock<Mutex<HashMap<Engine, Arc<OnceLock<String>>>>> = LazyLock::new(Mutex::default);
    let slot = MADE.lock().expect("no panic while held").entry(engine).or_default().clone();
    let made = slot.get_or_init(|| {
        let lab = Before::AllModels.lab(engine, NEW);
        later_events(&lab, "true");
        next_run_is_standard(&lab, &BOTH, 6);
        contents(&lab, engine)
    });
    made.clone()
}

pub fn all_new_models(engine: Engine, dbt: Dbt) {
    let lab = Before::NewModels.lab(engine, dbt);
    let output = promote(&lab, &NEW_MODELS, &[]);
    assert_eq!(output.stdout, "", "{output}");
    later_events(&lab, "true");
    next_run_is_standard(&lab, &BOTH, 6);
    assert_eq!(contents(&lab, engine), expected(engine));
    // Two packages, a helper, a view, a table that is built anew: each has its row, and only history was
    // copied.
    for (package, models) in [
        ("snowplow_site", "daily_traffic\nengaged_visitors\npage_engagement\npage_engagement_this_run"),
        ("snowplow_shop", "basket_value"),
    ] {
        let new = lab.lines(&format!(
            "select model from {} where model not like 'snowplow%' order by 1",
            manifest(package)
        ));
        assert_eq!(new, models);
    }
    for (table, key) in [("page_engagement", "page_view_id"), ("basket_value", "domain_sessionid")] {
        let rows = lab.lines(&format!(
            "select count(*) > 0, count(*) - count(distinct {key}) from prod_derived.{table}"
        ));
        assert_eq!(rows.to_lowercase(), "true | 0");
    }
}

/// Prod has nothing of the packages, and no schemas. What they keep of sessions is promoted with them.
fn from_nothing(engine: Engine) {
    let lab = Lab::new(engine, NEW, Events::SHORT);
    set_later_events_aside(&lab);
    backfill(&lab, &[]);
    let one = lab.tool(&["promote", "--select", "+daily_traffic", "--to", &lab.target("prod")]);
    assert!(one.code == 4 && one.stderr.contains("also holds"), "{one}");
    let schemas = "select count(*) from information_schema.schemata where schema_name like 'prod%'";
    assert_eq!(lab.lines(schemas), "0");

    promote(&lab, &[], &[]);
    let back = lab.tool(&["promote", "--to", &lab.target("prod"), "--rollback"]).success();
    assert!(back.stderr.contains("taken back"), "{back}");
    let left = "select table_name from information_schema.tables where table_schema like 'prod%' order by 1";
    assert_eq!(lab.lines(left), "snowplow_shop_incremental_manifest\nsnowplow_site_incremental_manifest");
    assert_eq!(lab.lines(&format!("select count(*) from {}", manifest("snowplow_shop"))), "0");

    let again = promote(&lab, &[], &[]);
    assert!(again.stderr.contains("snowplow_site_base_sessions_lifecycle_manifest"), "{again}");
    assert!(!again.stderr.contains("is new"), "{again}");
    later_events(&lab, "true");
    next_run_is_standard(&lab, &BOTH, 6);
    assert_eq!(contents(&lab, engine), expected(engine));
}

#[test]
fn from_nothing_on_duckdb() {
    from_nothing(Engine::DuckDb);
}

#[test]
fn from_nothing_on_postgres() {
    from_nothing(Engine::Postgres);
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
fn all_new_models_on_duckdb_with_the_previous_dbt() {
    all_new_models(Engine::DuckDb, PREVIOUS);
}

#[test]
fn all_new_models_on_postgres_with_the_previous_dbt() {
    all_new_models(Engine::Postgres, PREVIOUS);
}

#[test]
fn all_new_models_with_old_dbt() {
    all_new_models(Engine::DuckDb, OLD);
}

#[test]
fn one_package_while_the_other_stays_as_it_is() {
    let lab = Before::NewModels.lab(Engine::DuckDb, NEW);
    std::fs::remove_dir_all(lab.project().join("models/shop")).expect("removed");
    let shop = format!("select * from {} order by 1", manifest("snowplow_shop"));
    let before = lab.lines(&shop);
    promote(&lab, &["--select", "+engaged_visitors", "+daily_traffic"], &[]);
    assert_eq!(lab.lines(&shop), before);
    later_events(&lab, "true");
    next_run_is_standard(&lab, &BOTH, 6);
}

/// A new version of a model that prod runs, finished in staging.
fn refreshed(engine: Engine) -> Lab {
    let lab = Before::AllModels.lab(engine, NEW);
    let path = "models/site/scratch/page_engagement_this_run.sql";
    let model = lab.read(path);
    let changed = model.replace("30), 0) as attended_seconds", "90), 0) as attended_seconds");
    assert_ne!(model, changed);
    lab.write(path, &changed);
    backfill(&lab, &["--select", "+page_engagement"]);
    lab
}

const REFRESHED: [&str; 2] = ["--select", "+page_engagement"];

/// The table of prod is what the new version makes of all events.
fn is_all_of_the_new_version(lab: &Lab) {
    backfill(lab, &REFRESHED);
    let (staging, prod) = ("staging_derived.page_engagement", "prod_derived.page_engagement");
    let differences = lab.lines(&format!(
        "select (select count(*) from {prod}) > 0, (select count(*) from (select * from {prod} except all \
         select * from {staging}) as a), (select count(*) from (select * from {staging} except all select * \
         from {prod}) as b)"
    ));
    assert_eq!(differences.to_lowercase(), "true | 0 | 0");
}

#[test]
fn a_refreshed_model_replaces_the_one_that_prod_runs() {
    for engine in [Engine::DuckDb, Engine::Postgres] {
        let lab = refreshed(engine);
        let old = lab.lines("select sum(engaged_seconds) from prod_derived.page_engagement");
        promote(&lab, &REFRESHED, &["--replace"]);
        assert_ne!(lab.lines("select sum(engaged_seconds) from prod_derived.page_engagement"), old);
        later_events(&lab, "true");
        next_run_is_standard(&lab, &BOTH, 6);
        is_all_of_the_new_version(&lab);
    }
}

#[test]
fn a_refreshed_model_that_is_behind_prod_is_read_again_from_there() {
    let lab = refreshed(Engine::DuckDb);
    later_events(&lab, "true");
    run_prod(&lab, "{}");
    let ahead = last_success(&lab, "snowplow_site");
    let output = promote(&lab, &REFRESHED, &["--replace"]);
    assert!(output.stderr.contains("out of sync"), "{output}");
    // Prod's own way back into step.
    let output = run_prod(&lab, "{}");
    // The two packages' models run side by side.
    let mut found = states(&output);
    found.sort_unstable();
    assert_eq!(found, ["Standard incremental run", "models out of sync"], "{output}");
    is_in_step(&lab, "snowplow_site");
    assert_eq!(last_success(&lab, "snowplow_site"), ahead);
    let output = run_prod(&lab, "{}");
    assert_eq!(states(&output), ["Standard incremental run"; 2], "{output}");
    is_all_of_the_new_version(&lab);
}

#[test]
fn staging_that_is_behind_prod_is_brought_there_first() {
    let lab = Before::NewModels.lab(Engine::DuckDb, NEW);
    later_events(&lab, "collector_tstamp < timestamp '2022-02-24'");
    run_prod(&lab, "{storefront__new_models: false}");
    let prod: Vec<_> = BOTH.iter().map(|package| last_success(&lab, package)).collect();
    // Staging will see more than prod has seen.
    later_events(&lab, "collector_tstamp >= timestamp '2022-02-24'");
    promote(&lab, &NEW_MODELS, &["--sync", "--limit-days", "30"]);
    let now: Vec<_> = BOTH.iter().map(|package| last_success(&lab, package)).collect();
    assert_eq!(now, prod, "the new models are recorded where prod is");
    next_run_is_standard(&lab, &BOTH, 6);
    assert_eq!(contents(&lab, Engine::DuckDb), expected(Engine::DuckDb));
}

#[test]
fn the_load_family() {
    let lab = Lab::signals(Engine::DuckDb, NEW, Events::SHORT);
    lab.sql(&[
        &format!(
            "create table atomic.later as select * from atomic.events where load_tstamp >= timestamp \
                  '{LATER}'"
        ),
        &format!("delete from atomic.events where load_tstamp >= timestamp '{LATER}'"),
    ]);
    let vars = format!(
        "{{signals_lab__new_models: false, snowplow__backfill_limit_days: 9999, snowplow__start_date: '{}'}}",
        Events::START
    );
    run_prod(&lab, &vars);
    backfill(&lab, &["--select", "+page_interest"]);
    promote(&lab, &["--select", "+page_interest"], &[]);
    let first = "select count(*) from prod_snowplow_manifest.snowplow_signals_incremental_manifest where \
                 first_success is null";
    assert_eq!(lab.lines(first), "0");
    later_events(&lab, "true");
    next_run_is_standard(&lab, &["snowplow_signals"], 0);
    let differences = lab.lines(
        "select count(*) from prod_derived.page_interest as p full join (select domain_userid, page_urlpath, \
         count(*) as events from prod_derived.snowplow_signals_identifiers group by 1, 2) as t using \
         (domain_userid, page_urlpath) where p.events is distinct from t.events",
    );
    assert_eq!(differences, "0");
}
