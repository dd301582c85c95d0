//! Relations: read from the names that dbt recorded, validated, and rendered for a dialect.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::dialect::Dialect;
use crate::dbt::{Node, RelationName};

/// A relation whose parts are plain names, so that none of them can hide SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    parts: Vec<NamePart>,
    dialect: Dialect,
}

/// One part of a relation's name, as dbt writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NamePart {
    name: String,
    quoted: bool,
}

impl Relation {
    /// Reads a relation as dbt renders it, such as `"db"."schema"."table"` or `schema.table`.
    ///
    /// # Errors
    /// The text is not the name of a relation, or a part of it is not allowed or too long.
    pub fn parse(rendered: &str, dialect: Dialect) -> Result<Self> {
        static DOUBLE: LazyLock<Regex> = LazyLock::new(|| quoted_or_bare('"'));
        static BACKTICK: LazyLock<Regex> = LazyLock::new(|| quoted_or_bare('`'));
        let pattern = if dialect.quote() == '`' { &BACKTICK } else { &DOUBLE };
        let mut parts = Vec::new();
        let mut rest = rendered;
        while !rest.is_empty() {
            let found = pattern
                .captures(rest)
                .with_context(|| format!("{rendered} is not the name of a relation in {dialect}"))?;
            let quoted = found.get(1).is_some();
            let name = found.get(1).or_else(|| found.get(2)).context("a name")?.as_str().to_owned();
            rest = &rest[found[0].len()..];
            parts.push(NamePart { name, quoted });
        }
        if !(2..=3).contains(&parts.len()) || rendered.ends_with('.') {
            bail!(
                "{rendered} is not the name of a relation in {dialect}: it must have a schema and a name, \
                 and may have a database"
            );
        }
        if dialect == Dialect::Spark && parts.len() == 3 {
            bail!("{rendered}: dbt knows no databases on spark, only schemas");
        }
        let relation = Self { parts, dialect };
        relation.check()?;
        Ok(relation)
    }

    /// The relation of a dbt node.
    ///
    /// # Errors
    /// The node has no relation, or its name is not allowed.
    pub fn of_node(node: &Node, dialect: Dialect) -> Result<Self> {
        let rendered = node
            .relation_name
            .as_deref()
            .with_context(|| format!("{} has no relation in the warehouse", node.name))?;
        Self::parse(rendered, dialect).with_context(|| format!("the relation of {}", node.name))
    }

    /// Another relation in the same schema, quoted like this one.
    ///
    /// # Errors
    /// The name is not allowed, or longer than the warehouse keeps.
    pub fn sibling(&self, identifier: &str) -> Result<Self> {
        let mut sibling = self.clone();
        if let Some(last) = sibling.parts.last_mut() {
            identifier.clone_into(&mut last.name);
        }
        sibling.check()?;
        Ok(sibling)
    }

    /// The relation with a suffix added to its name. If both together are too long, the name is cut, and no other name
    /// is cut to the same.
    ///
    /// # Errors
    /// The name is not allowed.
    pub fn with_suffix(&self, suffix: &str) -> Result<Self> {
        let room = self.dialect.longest_name().saturating_sub(suffix.len());
        self.sibling(&format!("{}{suffix}", fitting(self.identifier(), room)))
    }

    /// A name for something that belongs to the relation, cut in the same way.
    #[must_use]
    pub fn name_for(&self, part: &str) -> String {
        fitting(&format!("{}_{part}", self.identifier()), self.dialect.longest_name()).into_owned()
    }

    /// The name without schema, as SQL.
    #[must_use]
    pub fn identifier_sql(&self) -> String {
        self.parts.last().map(|part| self.part_sql(part)).unwrap_or_default()
    }

    /// The schema as SQL, with its database if it has one.
    #[must_use]
    pub fn schema_sql(&self) -> String {
        let schema = &self.parts[..self.parts.len() - 1];
        schema.iter().map(|part| self.part_sql(part)).collect::<Vec<_>>().join(".")
    }

    /// The schema alone, as SQL.
    #[must_use]
    pub fn bare_schema_sql(&self) -> String {
        self.parts.iter().rev().nth(1).map(|part| self.part_sql(part)).unwrap_or_default()
    }

    /// The database as SQL, if the name has one.
    #[must_use]
    pub fn database_sql(&self) -> Option<String> {
        (self.parts.len() == 3).then(|| self.part_sql(&self.parts[0]))
    }

    /// The database as the warehouse's catalogue holds it, if the name has one.
    #[must_use]
    pub fn stored_database(&self) -> Option<String> {
        (self.parts.len() == 3).then(|| self.part_stored(&self.parts[0]))
    }

    /// The schema as the warehouse's catalogue holds it.
    #[must_use]
    pub fn stored_schema(&self) -> String {
        self.parts.iter().rev().nth(1).map(|part| self.part_stored(part)).unwrap_or_default()
    }

    /// The name without schema as the warehouse's catalogue holds it.
    #[must_use]
    pub fn stored_identifier(&self) -> String {
        self.parts.last().map(|part| self.part_stored(part)).unwrap_or_default()
    }

    /// The name without schema and quotes.
    #[must_use]
    pub fn identifier(&self) -> &str {
        self.parts.last().map_or("", |part| &part.name)
    }

    /// The schema without quotes.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.parts.iter().rev().nth(1).map_or("", |part| &part.name)
    }

    /// The database without quotes, if the name has one.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        (self.parts.len() == 3).then(|| self.parts[0].name.as_str())
    }

    /// The parts of its name, with which dbt finds the relation.
    #[must_use]
    pub fn name(&self) -> RelationName {
        RelationName {
            database: self.database().map(str::to_owned),
            schema: self.schema().to_owned(),
            identifier: self.identifier().to_owned(),
        }
    }

    /// Whether both are the same table. Case is ignored on every warehouse, because a refusal too many does
    /// no harm. So is a database that only one of them names.
    #[must_use]
    pub fn is_same_table(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        self.is_in_database_of(other)
            && same(self.schema(), other.schema())
            && same(self.identifier(), other.identifier())
    }

    /// Whether both are in the same database. A database that only one of them names is ignored.
    #[must_use]
    pub fn is_in_database_of(&self, other: &Self) -> bool {
        match (self.database(), other.database()) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => true,
        }
    }

    /// The first of these relations in each of their schemas.
    #[must_use]
    pub fn first_of_each_schema<'a>(relations: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut first: Vec<Self> = Vec::new();
        for relation in relations {
            if first.iter().all(|other| other.schema_sql() != relation.schema_sql()) {
                first.push(relation.clone());
            }
        }
        first
    }

    fn part_sql(&self, part: &NamePart) -> String {
        let quote = self.dialect.quote();
        if part.quoted { format!("{quote}{}{quote}", part.name) } else { part.name.clone() }
    }

    /// Snowflake stores names that are written without quotes in upper case.
    fn part_stored(&self, part: &NamePart) -> String {
        match self.dialect {
            Dialect::Snowflake if !part.quoted => part.name.to_uppercase(),
            Dialect::Snowflake
            | Dialect::Postgres
            | Dialect::Redshift
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => part.name.clone(),
        }
    }

    fn check(&self) -> Result<()> {
        for (place, part) in self.parts.iter().enumerate() {
            let is_database = self.parts.len() == 3 && place == 0;
            match part.quoted {
                true if may_be_quoted(&part.name) || (is_database && may_be_database(&part.name)) => {}
                true => bail!(
                    "the name {} cannot be put into a script: only letters, digits, blanks and the characters _ $ - can. Give it \
                     another schema or alias",
                    part.name
                ),
                false if is_plain(&part.name) => {}
                false => bail!(
                    "the name {} is not allowed without quotes: only letters, digits and underscores are. dbt writes \
                     quotes if `quoting` in dbt_project.yml asks for them",
                    part.name
                ),
            }
            if part.name.len() > self.dialect.longest_name() {
                bail!(
                    "the name {} is longer than {} keeps ({} bytes)",
                    part.name,
                    self.dialect,
                    self.dialect.longest_name()
                );
            }
        }
        Ok(())
    }
}

/// Whether a name has only ASCII letters, digits and underscores, so that no SQL can hide in it.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    begins_well(name) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// In quotes, these characters are harmless: neither the end of the quotes, nor of a text, a line or a statement, nor
/// a comment. Letters and digits are those of any language.
#[must_use]
pub fn may_be_quoted(name: &str) -> bool {
    let is_harmless = |c: char| c.is_alphanumeric() || "_$- ".contains(c);
    name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && !name.ends_with(' ')
        && name.chars().all(is_harmless)
        && !name.contains("--")
}

/// BigQuery's projects need more of them.
fn may_be_database(name: &str) -> bool {
    begins_well(name) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_$.:-".contains(c))
}

fn begins_well(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// A name that fits into so many bytes. One that is cut ends with a digest of the whole, so that it stays apart from
/// others that begin alike.
fn fitting(name: &str, room: usize) -> Cow<'_, str> {
    const DIGEST: usize = 8;
    if name.len() <= room {
        return Cow::Borrowed(name);
    }
    let digest: String =
        Sha256::digest(name).iter().take(DIGEST / 2).map(|byte| format!("{byte:02x}")).collect();
    let kept =
        (0..=room.saturating_sub(DIGEST + 1)).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    Cow::Owned(format!("{}_{digest}", &name[..kept]))
}

/// Matches the next part of a rendered relation: quoted (group 1) or bare (group 2).
fn quoted_or_bare(quote: char) -> Regex {
    Regex::new(&format!("^(?:{quote}([^{quote}]+){quote}|([^{quote}.]+))(?:\\.|$)")).expect("a pattern")
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.parts.iter().map(|part| self.part_sql(part)).collect();
        f.write_str(&parts.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_relations_as_dbt_renders_them() {
        for (dialect, rendered) in [
            (Dialect::Postgres, r#""shop"."prod_derived"."My_Model""#),
            (Dialect::Snowflake, "DB.prod_derived.My_Model"),
            (Dialect::Snowflake, r#"DB.prod_derived."order""#),
            (Dialect::BigQuery, "`my-project.eu`.`prod_derived`.`t`"),
            (Dialect::Spark, "prod_derived.my_model"),
            (Dialect::Postgres, r#""shop"."Prod derived-2"."Événements""#),
        ] {
            let relation = Relation::parse(rendered, dialect).expect(rendered);
            assert_eq!(relation.to_string(), rendered);
        }
        let relation = Relation::parse(r#""db"."s"."t""#, Dialect::DuckDb).expect("a relation");
        assert_eq!((relation.database(), relation.schema(), relation.identifier()), (Some("db"), "s", "t"));
        assert_eq!(relation.sibling("t_2").expect("allowed").to_string(), r#""db"."s"."t_2""#);
        assert_eq!(
            (relation.schema_sql().as_str(), relation.identifier_sql().as_str()),
            (r#""db"."s""#, r#""t""#)
        );
    }

    #[test]
    fn snowflakes_catalogue_has_bare_names_in_upper_case() {
        let relation = Relation::parse(r#"db.prod_derived."order""#, Dialect::Snowflake).expect("a relation");
        assert_eq!(
            (relation.stored_schema().as_str(), relation.stored_identifier().as_str()),
            ("PROD_DERIVED", "order")
        );
        assert_eq!(relation.database_sql().as_deref(), Some("db"));
        let postgres = Relation::parse(r#""S"."T""#, Dialect::Postgres).expect("a relation");
        assert_eq!((postgres.stored_schema().as_str(), postgres.database_sql()), ("S", None));
    }

    #[test]
    fn refuses_names_that_could_hide_sql() {
        for (dialect, rendered) in [
            (Dialect::Postgres, r#""db"."s"."t; drop table x""#),
            (Dialect::Postgres, r#""db"."s"."t""x""#),
            (Dialect::Postgres, r#""db"."s"."t--x""#),
            (Dialect::Postgres, r#""db"."s"."t'x""#),
            (Dialect::Postgres, r#""db"."s"."t\x""#),
            (Dialect::BigQuery, "`p`.`d`.`t.x`"),
            (Dialect::Postgres, "\"db\".\"s\".\"t\nx\""),
            (Dialect::Snowflake, "db-1.s.t"),
            (Dialect::Spark, "t"),
            (Dialect::Spark, "a.b.c"),
            (Dialect::Snowflake, "a.b.c.d"),
            (Dialect::Spark, "a.b."),
        ] {
            assert!(Relation::parse(rendered, dialect).is_err(), "{rendered}");
        }
        let long = Relation::parse("\"s\".\"t\"", Dialect::Postgres).expect("a relation");
        let error = Relation::parse("db.s.t-1", Dialect::Snowflake).expect_err("no quotes").to_string();
        assert!(error.contains("is not allowed without quotes"), "{error}");
        let error = long.sibling(&"x".repeat(64)).expect_err("too long").to_string();
        assert!(error.contains("longer than postgres keeps (63 bytes)"), "{error}");
    }

    #[test]
    fn names_that_are_cut_stay_apart() {
        let longest = Dialect::Postgres.longest_name();
        let named = |name: &str| {
            let relation =
                Relation::parse(&format!("\"s\".\"{name}\""), Dialect::Postgres).expect("a relation");
            (relation.with_suffix("__promote").expect("a name"), relation.name_for("number_seq"))
        };
        for letter in ["x", "é"] {
            let long = letter.repeat(60 / letter.len());
            let (one, other) = (named(&format!("{long}a")), named(&format!("{long}b")));
            assert!(one.0 != other.0 && one.1 != other.1, "{one:?} {other:?}");
            for name in [one.0.identifier(), &one.1] {
                assert!(name.len() <= longest && name.len() > longest - 2, "{name}");
            }
            assert!(one.0.identifier().ends_with("__promote"), "{one:?}");
        }
        assert_eq!(named("t").1, "t_number_seq");
    }

    #[test]
    fn the_same_table_is_recognized_in_any_case() {
        let relation = |rendered| Relation::parse(rendered, Dialect::Snowflake).expect("a relation");
        assert!(relation("DB.S.T").is_same_table(&relation("db.s.t")));
        assert!(relation("s.t").is_same_table(&relation("db.s.t")));
        assert!(!relation("db.s.t").is_same_table(&relation("db.s2.t")));
        assert!(!relation("db.s.t").is_in_database_of(&relation("other.s.t")));
    }
}
