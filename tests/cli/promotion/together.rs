//! Two at once, on Postgres: two promotions, and a promotion beside the on-run-end hook of prod's own run.

use std::time::{Duration, Instant};

use snowplow_backfill::warehouse::Dialect;

use super::client::{Client, Reply};
use super::dump::{assert_same, visible};
use super::executed::for_postgres;
use super::staged::{Staged, possible};
use crate::support::{Engine, Lab};

fn staged(name: &str, dialect: Dialect) -> Staged {
    let case = possible(dialect).into_iter().find(|case| case.name == name).expect("a case");
    Staged::of_case(&case, dialect, Engine::Postgres, 1_000, for_postgres)
}

/// A client whose transactions can be seen from outside.
struct Watched {
    client: Client,
    process: String,
}

impl Watched {
    fn new(staged: &Staged) -> Self {
        let mut client = staged.scripted.client();
        let process = client.value("select pg_backend_pid()");
        Self { client, process }
    }

    /// Waits until it has ended, or waits for somebody else itself.
    fn settle(&mut self, observer: &mut Client) -> Option<Reply> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(reply) = self.client.poll() {
                return Some(reply);
            }
            if observer.value(&format!("select cardinality(pg_blocking_pids({}))", self.process)) != "0" {
                return None;
            }
            assert!(Instant::now() < patience, "neither done nor waiting");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// One of two scripts is somewhere in its course when the other one begins: what they made of it, the first's
/// error first.
fn beside(
    staged: &Staged,
    observer: &mut Client,
    (first, second): (&[String], &[String]),
    begun: usize,
) -> [Option<String>; 2] {
    let (mut one, mut other) = (Watched::new(staged), Watched::new(staged));
    one.client.run(&[&first[..begun], &["select 1".to_owned()]].concat());
    other.client.start(second);
    let early = other.settle(observer);
    let rest = one.client.execute(&first[begun..]);
    // Whoever stops at an error is gone, and lets go of what it holds.
    if rest.error.is_some() {
        one.client.disconnect();
    }
    let end = early.unwrap_or_else(|| other.client.finish());
    [rest.error, end.error]
}

/// One promotion is somewhere in its script, wherever that is, when the other one begins.
fn two_promotions(staged: &Staged) {
    let name = &staged.scripted.name;
    let mut observer = staged.scripted.client();
    let before = staged.scripted.dump(&mut observer);
    observer.run(&staged.scripted.promote);
    let after = staged.scripted.dump(&mut observer);
    observer.run(&staged.scripted.rollback);

    for begun in 0..=staged.scripted.promote.len() {
        let errors =
            beside(staged, &mut observer, (&staged.scripted.promote, &staged.scripted.promote), begun);
        let what = format!("{name}: begun with {begun}: {errors:?}");
        assert_eq!(errors.iter().flatten().count(), 1, "one of them wins: {what}");
        assert_same(&visible(&staged.scripted.dump(&mut observer)), &visible(&after), &what);
        observer.run(&staged.scripted.rollback);
        assert_same(&visible(&staged.scripted.dump(&mut observer)), &visible(&before), &what);
    }
}

#[test]
fn two_promotions_at_once() {
    for case in ["helper_and_view", "replace", "two_packages"] {
        two_promotions(&staged(case, Dialect::Postgres));
    }
}

#[test]
fn two_promotions_at_once_by_redshifts_script() {
    for case in ["helper_and_view", "replace"] {
        two_promotions(&staged(case, Dialect::Redshift));
    }
}

/// What prod's run ends with, as the package's macro writes it: these models have seen an event an hour
/// later.
fn hook(lab: &Lab, manifest: &str, models: &str) -> Vec<String> {
    let call = format!(
        "{{{{ snowplow_utils.update_incremental_manifest_table('{manifest}', \"(select timestamp '{BY_HOOK}' \
         as t) as e\", {models}, 't') }}}}"
    );
    let text = lab.dbt(&["--quiet", "compile", "--inline", &call]).success().stdout;
    let statements: Vec<_> =
        text.split(';').map(|sql| sql.trim().to_owned()).filter(|sql| !sql.is_empty()).collect();
    assert_eq!(
        (statements[0].as_str(), statements.last().expect("one").as_str()),
        ("begin", "commit"),
        "{text}"
    );
    statements
}

const VIEWS: &str = "snowplow_unified_views";
const STAGED: &str = "2023-10-11 10:11:12.123456";
const BY_HOOK: &str = "2023-10-11 11:00:00";

/// Rows of prod's incremental manifest.
fn rows(staged: &Staged, observer: &mut Client) -> Vec<(String, String)> {
    let manifest = staged.plain(&staged.plan.ledgers[0].prod);
    let rows = observer.ask(&format!("select model, last_success from {manifest} order by 1, 2"));
    rows.into_iter()
        .map(|mut row| (row.remove(0).expect("a model"), row.remove(0).expect("a time")))
        .collect()
}

fn expected(model_at: &str) -> Vec<(String, String)> {
    [("my_model", model_at), (VIEWS, BY_HOOK)]
        .map(|(model, time)| (model.to_owned(), time.to_owned()))
        .to_vec()
}

#[test]
fn a_promotion_beside_prods_own_run() {
    let lab = Lab::empty(Engine::Postgres);
    let staged = staged("one_model", Dialect::Postgres);
    let mut observer = staged.scripted.client();
    let manifest = staged.plain(&staged.plan.ledgers[0].prod);
    let undo = |observer: &mut Client, promoted: bool| {
        if promoted {
            observer.run(&[format!(
                "update {manifest} set last_success = timestamp '{STAGED}' where model = 'my_model'"
            )]);
            observer.run(&staged.scripted.rollback);
        }
        observer.run(&[
            format!("delete from {manifest} where model = 'my_model'"),
            format!("update {manifest} set last_success = timestamp '{STAGED}' where model = '{VIEWS}'"),
        ]);
    };
    let before = staged.scripted.dump(&mut observer);

    // Before the branch is merged, prod's run knows nothing of the model.
    let others = hook(&lab, &manifest, &format!("['{VIEWS}']"));
    for begun in 0..=others.len() {
        let errors = beside(&staged, &mut observer, (&others, &staged.scripted.promote), begun);
        assert_eq!(errors, [None, None], "the hook had begun with {begun}");
        assert_eq!(rows(&staged, &mut observer), expected(STAGED), "the hook had begun with {begun}");
        undo(&mut observer, true);
    }
    for begun in 0..=staged.scripted.promote.len() {
        let errors = beside(&staged, &mut observer, (&staged.scripted.promote, &others), begun);
        assert_eq!(errors, [None, None], "the promotion had begun with {begun}");
        assert_eq!(rows(&staged, &mut observer), expected(STAGED), "the promotion had begun with {begun}");
        undo(&mut observer, true);
    }

    // After it, the run may have built a table of the last events and record the model too: then there is no
    // promotion.
    let all = hook(&lab, &manifest, &format!("['my_model', '{VIEWS}']"));
    for begun in 0..=all.len() {
        let [by_hook, by_promotion] = beside(&staged, &mut observer, (&all, &staged.scripted.promote), begun);
        assert_eq!(by_hook, None);
        if let Some(error) = &by_promotion {
            assert!(
                error.contains("records these models already") || error.contains("was written to"),
                "{error}"
            );
        }
        // Nothing waits for a hook that has written nothing yet.
        assert_eq!(by_promotion.is_some(), begun >= 3, "the hook had begun with {begun}");
        assert_eq!(rows(&staged, &mut observer), expected(BY_HOOK), "the hook had begun with {begun}");
        undo(&mut observer, by_promotion.is_none());
    }
    for begun in 0..=staged.scripted.promote.len() {
        let [by_promotion, by_hook] = beside(&staged, &mut observer, (&staged.scripted.promote, &all), begun);
        assert_eq!(by_hook, None);
        let is_locked =
            staged.scripted.promote[..begun].iter().any(|sql| sql.contains("share row exclusive"));
        assert_eq!(by_promotion.is_some(), !is_locked, "the promotion had begun with {begun}");
        assert_eq!(rows(&staged, &mut observer), expected(BY_HOOK), "the promotion had begun with {begun}");
        undo(&mut observer, by_promotion.is_none());
    }
    assert_same(&staged.scripted.dump(&mut observer), &before, "everything was taken back");
}
