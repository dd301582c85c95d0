//! What somebody may do with a table. Pure.

use crate::warehouse::Relation;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Select,
    Insert,
    Update,
    Delete,
    /// Alter the table, which only its owner may do.
    Own,
    /// Create tables in the table's schema.
    Create,
}

impl Right {
    /// Reads it as the templates write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "select" => Self::Select,
            "insert" => Self::Insert,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "own" => Self::Own,
            "create" => Self::Create,
            _ => return None,
        })
    }

    /// What is lacking without it, for people.
    #[must_use]
    pub fn describe(self, relation: &Relation) -> String {
        match self {
            Self::Select => format!("select on {relation}"),
            Self::Insert => format!("insert on {relation}"),
            Self::Update => format!("update on {relation}"),
            Self::Delete => format!("delete on {relation}"),
            Self::Own => format!("ownership of {relation}"),
            Self::Create => format!("create in the schema {}", relation.schema_sql()),
        }
    }
}
