//! The backup of a replaced table: how it is called, and what prod holds of it.

use crate::dbt::RelationName;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// dbt's word for a plain table.
const TABLE: &str = "table";

/// The end of the name of a backup that a promotion makes.
pub(super) fn suffix(made_at: Timestamp) -> String {
    format!("__bk_{}", made_at.to_digits())
}

/// A backup and the table that it was, by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupNames {
    pub dialect: Dialect,
    pub backup: Relation,
    /// The table of prod that was replaced.
    pub replaced: Relation,
}

impl BackupNames {
    /// The names, if they are those that a promotion at this time gives, in one schema. Records are files, and
    /// whatever else they name is none of this tool's tables.
    #[must_use]
    pub fn of(dialect: Dialect, backup: &str, replaced: &RelationName, made_at: Timestamp) -> Option<Self> {
        let backup = Relation::parse(backup, dialect).ok()?;
        let replaced_table = backup.sibling(&replaced.identifier).ok()?;
        let expected = replaced_table.with_suffix(&suffix(made_at)).ok()?;
        let is_its = replaced_table.name() == *replaced && expected == backup;
        is_its.then_some(Self { dialect, backup, replaced: replaced_table })
    }
}

/// What prod holds of a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupFacts {
    /// What kind of relation has its name, in dbt's word; none if it is gone.
    pub kind: Option<String>,
    /// The same of the table that was replaced.
    pub replaced_kind: Option<String>,
    /// Its size, where the catalogue tells.
    pub bytes: Option<u64>,
    /// About how many rows it has, where the catalogue tells.
    pub rows: Option<u64>,
    /// Whether the warehouse can tell what depends on a table.
    pub can_tell_dependents: bool,
    /// What would break without it, in words; none where the catalogue does not tell.
    pub dependents: Option<Vec<String>>,
}

impl BackupFacts {
    /// Whether anything has its name.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.kind.is_some()
    }

    /// Whether a plain table has its name.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.kind.as_deref() == Some(TABLE)
    }

    /// Whether prod has a plain table in the place of the one that was replaced.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        self.replaced_kind.as_deref() == Some(TABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2023-11-12 13:14:15.5".parse().expect("a time")
    }

    fn replaced(identifier: &str) -> RelationName {
        RelationName { database: Some("db".into()), schema: "s".into(), identifier: identifier.into() }
    }

    #[test]
    fn only_names_that_a_promotion_gives_are_backups() {
        let of = |backup: &str| BackupNames::of(Dialect::Postgres, backup, &replaced("t"), at());
        let names = of(r#""db"."s"."t__bk_20231112131415""#).expect("a backup");
        assert_eq!(names.backup.to_string(), r#""db"."s"."t__bk_20231112131415""#);
        assert_eq!(names.replaced.to_string(), r#""db"."s"."t""#);
        for other in [
            r#""db"."s"."t""#,
            r#""db"."s"."u__bk_20231112131415""#,
            r#""db"."s"."t__bk_20231112131416""#,
            r#""db"."other"."t__bk_20231112131415""#,
            r#""other"."s"."t__bk_20231112131415""#,
            r#""s"."t__bk_20231112131415""#,
            r#""db"."s"."t__bk_20231112131415"; drop table x"#,
            r#""db"."s"."t__bk_20231112131415_kept""#,
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn a_long_name_is_cut_as_the_promotion_cuts_it() {
        let long = "x".repeat(60);
        let prod = Relation::parse(&format!(r#""db"."s"."{long}""#), Dialect::Postgres).expect("a relation");
        let backup = prod.with_suffix("__bk_20231112131415").expect("allowed").to_string();
        let names = BackupNames::of(Dialect::Postgres, &backup, &replaced(&long), at()).expect("a backup");
        assert_eq!(names.replaced.identifier(), long);
        assert_eq!(BackupNames::of(Dialect::Postgres, &backup, &replaced("y"), at()), None);
    }
}
