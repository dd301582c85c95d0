//! Relations: read from the names that dbt recorded, validated, and rendered for a dialect.

use std::fmt;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde::{Deserialize, Serialize};

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

    /// The relation with a suffix added to its name. If both together are too long, the name is cut.
    ///
    /// # Errors
    /// The name is not allowed.
    pub fn with_suffix(&self, suffix: &str) -> Result<Self> {
        let room = self.dialect.longest_name().saturating_sub(suffix.len());
        // Cannot cut a character in two: `check` allows ASCII only.
        let kept = &self.identifier()[..self.identifier().len().min(room)];
        self.sibling(&format!("{kept}{suffix}"))
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
            let allowed = is_plain(&part.name) || (is_database && part.quoted && may_be_database(&part.name));
            if !allowed {
                bail!("the name {} is not allowed: only letters, digits and underscores are", part.name);
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

/// In quotes, these characters are harmless. BigQuery's projects need them.
fn may_be_database(name: &str) -> bool {
    begins_well(name) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_$.:-".contains(c))
}

fn begins_well(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
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
            (Dialect::Postgres, r#""db"."my schema"."t""#),
            (Dialect::Snowflake, "db-1.s.t"),
            (Dialect::BigQuery, "`p`.`d`.`t-1`"),
            (Dialect::Spark, "t"),
            (Dialect::Spark, "a.b.c"),
            (Dialect::Snowflake, "a.b.c.d"),
            (Dialect::Spark, "a.b."),
        ] {
            assert!(Relation::parse(rendered, dialect).is_err(), "{rendered}");
        }
        let long = Relation::parse("\"s\".\"t\"", Dialect::Postgres).expect("a relation");
        let error = long.sibling(&"x".repeat(64)).expect_err("too long").to_string();
        assert!(error.contains("longer than postgres keeps (63 bytes)"), "{error}");
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
