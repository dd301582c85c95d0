//! Scripts that stop: by themselves, at a statement that fails, or because they are killed.

use std::time::{Duration, Instant};

use snowplow_backfill::warehouse::Dialect;

use super::client::Client;
use super::dump::{assert_same, visible};
use super::staged::Scripted;
use crate::support::Engine;

/// A script that must stop by itself, with these words, and change nothing.
#[track_caller]
pub fn refused(it: &Scripted, client: &mut Client, script: &[String], words: &str) {
    let before = it.dump(client);
    let reply = client.execute(script);
    let error = reply.error.unwrap_or_else(|| panic!("{}: not refused", it.name));
    match it.dialect {
        // Its assertions have no message of their own but in the name of a column.
        Dialect::Redshift => {
            assert!(error.contains("division by zero"), "{}: {error}", it.name);
            let label = words.replace(' ', "_");
            assert!(script[reply.done].contains(&label), "{}: {}", it.name, script[reply.done]);
        }
        _ => assert!(error.contains(words), "{}: {error}", it.name),
    }
    client.disconnect();
    assert_same(&visible(&it.dump(client)), &visible(&before), &it.name);
}

/// How a script is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A statement fails, and the program that executes the script closes its connection.
    Failure,
    /// The program is killed.
    Kill,
    /// The server ends the connection, and the program hears of it at its next statement.
    Loss,
}

/// Stops a script after each number of statements; what is there then is what was before it, or what is there
/// after it.
pub fn stopped_anywhere(it: &Scripted, how: Stop) {
    let name = &it.name;
    let (mut client, mut killed) = (it.client(), it.client());
    let before = it.dump(&mut client);
    client.run(&it.promote);
    let after = it.dump(&mut client);
    client.run(&it.rollback);

    let commit = it.promote.iter().position(|sql| sql == "commit").expect("a commit");
    for done in 0..=it.promote.len() {
        stop(it, &mut client, &mut killed, &it.promote[..done], how);
        let (left, what) = (visible(&it.dump(&mut client)), format!("{name}: stopped after {done}"));
        if done <= commit {
            assert_same(&left, &visible(&before), &what);
        } else {
            assert_same(&left, &visible(&after), &what);
            client.run(&it.rollback);
        }
    }
    // Whatever the last stop left, the script can be executed from the beginning.
    stop(it, &mut client, &mut killed, &it.promote[..commit], how);
    client.run(&it.promote);
    assert_same(&it.dump(&mut client), &after, name);

    let commit = it.rollback.iter().position(|sql| sql == "commit").expect("a commit");
    for done in 0..=commit {
        stop(it, &mut client, &mut killed, &it.rollback[..done], how);
        let what = format!("{name}: its rollback, stopped after {done}");
        assert_same(&it.dump(&mut client), &after, &what);
    }
    client.run(&it.rollback);
    assert_same(&it.dump(&mut client), &before, name);
}

/// Executes statements and stops there.
fn stop(it: &Scripted, client: &mut Client, killed: &mut Client, statements: &[String], how: Stop) {
    let engine = it.place.engine();
    let with = |last: &str| [statements, &[last.to_owned()]].concat();
    match (how, engine) {
        (Stop::Failure, _) => {
            let failing = match engine {
                Engine::DuckDb => "select error('injected')",
                Engine::Postgres => "select 1 / 0 as injected",
            };
            let reply = client.execute(&with(failing));
            assert!(reply.done == statements.len() && reply.error.is_some(), "{:?}", reply.error);
            client.disconnect();
        }
        (Stop::Loss, Engine::DuckDb) => panic!("DuckDB has no server that could end a connection"),
        (Stop::Loss, Engine::Postgres) => {
            let process = client.run(&with("select pg_backend_pid()")).remove(0).remove(0);
            let process = process.expect("a number");
            killed.run(&[format!("select pg_terminate_backend({process})")]);
            wait_until_gone(killed, &process);
            let reply = client.execute(&["select 1".to_owned()]);
            assert!(reply.error.is_some(), "{}: the connection is still there", it.name);
            client.disconnect();
        }
        (Stop::Kill, Engine::DuckDb) => {
            client.leave();
            killed.run_killed(&with("select 1"));
        }
        (Stop::Kill, Engine::Postgres) => {
            let process = killed.run_killed(&with("select pg_backend_pid()")).remove(0).remove(0);
            wait_until_gone(client, &process.expect("a number"));
        }
    }
}

/// The server notices a client's death by itself, in its own time.
fn wait_until_gone(observer: &mut Client, process: &str) {
    let patience = Instant::now() + Duration::from_secs(60);
    let query = format!("select count(*) from pg_stat_activity where pid = {process}");
    while observer.value(&query) != "0" {
        assert!(Instant::now() < patience, "the server keeps a dead client");
        std::thread::sleep(Duration::from_millis(5));
    }
}
