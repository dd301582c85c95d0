//! What catalogues answer about a table. The tool itself reads these answers into facts.

use snowplow_backfill::dbt::Answer;
use snowplow_backfill::promote::{Column, Physical, read_catalogue, read_tags};
use snowplow_backfill::warehouse::Dialect;

/// How a table is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// With nothing but a description.
    Plainly,
    /// With everything that keeps rows together on the warehouse. That is an index where there is nothing
    /// else.
    InParts,
    /// Databricks and Spark: the same, by other means.
    InOtherParts,
    /// With a generated column.
    Generating,
    /// With what the project can configure besides, or somebody can set by hand.
    WithMore,
}

const DESCRIPTION: &str = "One row a view; it's the visitor's.";

/// What is read of staging's table.
pub fn physical(dialect: Dialect, name: &str, made: Made) -> Physical {
    let names: &[&str] = match (dialect, made) {
        (Dialect::Postgres | Dialect::DuckDb, Made::Generating) => {
            &["view_id", "start_tstamp", "start_tstamp_date", "engaged_seconds", "engaged_minutes"]
        }
        // Other cases and warehouses have no such column.
        _ => &["view_id", "start_tstamp", "start_tstamp_date", "engaged_seconds"],
    };
    let column = |name: &&str| match dialect {
        Dialect::Snowflake => Column::plain(&name.to_uppercase()),
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => Column::plain(name),
    };
    let mut physical = Physical { columns: names.iter().map(column).collect(), ..Physical::default() };
    read_catalogue(dialect, &answers(dialect, name, made), &mut physical);
    if let (Made::WithMore, Some(tags)) = (made, tags(dialect)) {
        read_tags(dialect, &tags, &mut physical);
    }
    if dialect == Dialect::Postgres {
        // The script copies it as it is executed.
        physical.description = Some(DESCRIPTION.to_owned());
    }
    physical
}

/// The answer about tags, where they are asked for apart.
fn tags(dialect: Dialect) -> Option<Answer> {
    match dialect {
        Dialect::Snowflake => Some(rows(&[
            vec!["", "GOV", "PUBLIC", "STAGE", "test"],
            vec!["VIEW_ID", "GOV", "PUBLIC", "PII", "yes"],
        ])),
        Dialect::Databricks => Some(rows(&[vec!["", "stage", "test"], vec!["view_id", "pii", ""]])),
        Dialect::BigQuery | Dialect::Postgres | Dialect::Redshift | Dialect::Spark | Dialect::DuckDb => None,
    }
}

fn answers(dialect: Dialect, name: &str, made: Made) -> Vec<Answer> {
    match dialect {
        Dialect::Postgres => postgres(made),
        Dialect::Redshift => redshift(made),
        Dialect::Snowflake => snowflake(made),
        Dialect::BigQuery => bigquery(name, made),
        Dialect::Databricks | Dialect::Spark => show_create(dialect, name, made),
        Dialect::DuckDb => duckdb(name, made),
    }
}

fn postgres(made: Made) -> Vec<Answer> {
    let mut columns = vec![
        vec!["view_id", "no", "", "text"],
        vec!["start_tstamp", "no", "", "timestamp without time zone"],
        vec!["start_tstamp_date", "no", "", "date"],
        vec!["engaged_seconds", "no", "", "numeric(18,6)"],
    ];
    let mut left_behind = Vec::new();
    match made {
        Made::Plainly | Made::InOtherParts | Made::WithMore => {}
        Made::InParts => left_behind.push(vec!["the order of rows by the index by_start (cluster)"]),
        Made::Generating => {
            columns.push(vec!["engaged_minutes", "yes", "", "numeric(18,6)"]);
            columns.push(vec!["number", "no", "a", "bigint"]);
            left_behind.push(vec!["the trigger audit"]);
        }
    }
    let lost = [vec!["indexes"], vec!["keys and checks"], vec!["not null of view_id, start_tstamp"]];
    vec![rows(&columns), rows(&left_behind), rows(&[]), rows(&[]), rows(&lost)]
}

fn redshift(made: Made) -> Vec<Answer> {
    let key = vec!["view_id", "Key; it's the page's."];
    let granted = [
        vec!["SELECT", "user", "reporter"],
        vec!["SELECT", "group", "analysts"],
        vec!["INSERT", "public", "public"],
    ];
    let (style, keys) = match made {
        Made::InParts => ("key", vec![vec!["start_tstamp", "no", "1"], vec!["view_id", "yes", "0"]]),
        Made::WithMore => ("all", vec![vec!["start_tstamp", "no", "1"], vec!["view_id", "no", "2"]]),
        Made::Plainly | Made::InOtherParts | Made::Generating => ("auto", Vec::new()),
    };
    vec![
        rows(&[vec![DESCRIPTION]]),
        rows(&[key]),
        rows(&[vec!["the primary key my_model_pkey"]]),
        rows(&granted),
        rows(&[vec![style]]),
        rows(&keys),
    ]
}

fn snowflake(made: Made) -> Vec<Answer> {
    let key = "LINEAR(to_date(start_tstamp), view_id)";
    let row = match made {
        Made::InParts => ["YES", key, DESCRIPTION, "NO", "YES", "1"],
        Made::WithMore => ["YES", key, "By hand", "NO", "NO", "7"],
        Made::Plainly | Made::InOtherParts | Made::Generating => ["YES", "", DESCRIPTION, "NO", "NO", "1"],
    };
    vec![rows(&[row.to_vec()])]
}

fn bigquery(name: &str, made: Made) -> Vec<Answer> {
    let parts = if made == Made::InParts {
        "\nPARTITION BY TIMESTAMP_TRUNC(start_tstamp, DAY)\nCLUSTER BY view_id"
    } else {
        ""
    };
    let ddl = format!(
        "CREATE TABLE `analytics.staging_derived.{name}`\n(\n  view_id STRING,\n  start_tstamp \
         TIMESTAMP,\n  start_tstamp_date DATE,\n  engaged_seconds NUMERIC\n){parts};"
    );
    let mut options = vec![vec!["description", "\"One row a view; it's the visitor's.\""]];
    if made == Made::InParts {
        options.extend([
            vec!["labels", "[STRUCT(\"team\", \"web\")]"],
            vec!["partition_expiration_days", "30.0"],
            vec!["require_partition_filter", "true"],
        ]);
    }
    if made == Made::WithMore {
        options = vec![
            vec!["default_rounding_mode", "\"ROUND_HALF_EVEN\""],
            vec!["description", "\"By hand\""],
            vec!["enable_change_history", "true"],
            vec!["expiration_timestamp", "TIMESTAMP \"2030-01-01T00:00:00.000Z\""],
            vec!["kms_key_name", "\"projects/p/locations/eu/keyRings/r/cryptoKeys/by_hand\""],
            vec!["labels", "[STRUCT(\"team\", \"by hand\"), STRUCT(\"stage\", \"test\")]"],
            vec!["max_staleness", "INTERVAL '0-0 0 0:15:0' YEAR TO SECOND"],
            vec!["tags", "[STRUCT(\"p/env\", \"test\")]"],
        ];
    }
    vec![rows(&[vec![&ddl]]), rows(&options)]
}

fn show_create(dialect: Dialect, name: &str, made: Made) -> Vec<Answer> {
    let source = if dialect == Dialect::Spark { "iceberg" } else { "delta" };
    let parts = match (made, dialect) {
        (Made::InParts, _) => "PARTITIONED BY (start_tstamp_date)\n",
        (Made::InOtherParts, Dialect::Databricks) => "CLUSTER BY (start_tstamp_date, view_id)\n",
        // Spark, the only other warehouse of this arm.
        (Made::InOtherParts, _) => "PARTITIONED BY (days(start_tstamp))\n",
        (Made::Plainly | Made::Generating | Made::WithMore, _) => "",
    };
    let more = match made {
        Made::WithMore => "LOCATION 's3://by-hand/table'\n",
        Made::Plainly | Made::InParts | Made::InOtherParts | Made::Generating => "",
    };
    let property = if made == Made::WithMore {
        "TBLPROPERTIES (\n  'by.hand' = 'yes')\n"
    } else if made == Made::InParts {
        "TBLPROPERTIES (\n  'delta.autoOptimize.optimizeWrite' = 'true',\n  'current-snapshot-id' = \
         '1')\n"
    } else {
        ""
    };
    let statement = format!(
        "CREATE TABLE staging_derived.{name} (\n  view_id STRING COMMENT 'Key;\nPARTITIONED BY \
         (nothing)',\n  start_tstamp TIMESTAMP,\n  start_tstamp_date DATE,\n  engaged_seconds \
         DECIMAL(18,6))\nUSING {source}\n{parts}COMMENT 'One row a view; it\\'s the \
         visitor\\'s.'\n{more}{property}"
    );
    vec![rows(&[vec![&statement]])]
}

fn duckdb(name: &str, made: Made) -> Vec<Answer> {
    let generated = match made {
        Made::Generating => ", engaged_minutes DECIMAL(18,6) GENERATED ALWAYS AS((engaged_seconds / 60))",
        Made::Plainly | Made::InParts | Made::InOtherParts | Made::WithMore => "",
    };
    let create = format!(
        "CREATE TABLE staging_derived.{name}(view_id VARCHAR PRIMARY KEY, start_tstamp TIMESTAMP, \
         start_tstamp_date DATE, engaged_seconds DECIMAL(18,6) DEFAULT(0){generated});"
    );
    let by_start = format!("CREATE INDEX {name}_by_start ON staging_derived.{name}(start_tstamp);");
    let by_date =
        format!("CREATE INDEX {name}_by_date ON staging_derived.{name}(start_tstamp_date, view_id);");
    let mut indexes = vec![vec![by_start.as_str()]];
    if made == Made::InParts {
        indexes.push(vec![&by_date]);
    }
    vec![rows(&[vec![create.as_str(), DESCRIPTION]]), rows(&[]), rows(&indexes)]
}

fn rows(rows: &[Vec<&str>]) -> Answer {
    Answer::Rows(rows.iter().map(|row| row.iter().map(|cell| Some((*cell).to_owned())).collect()).collect())
}
