//! What templates are given: SQL, relations, points in time.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::Object;
use serde::{Serialize, Serializer};

use crate::timestamp::Timestamp;
use crate::warehouse::Relation;

/// SQL, which templates print as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql(String);

impl Sql {
    /// Takes a text as SQL. It must be quoted, or checked where it was read.
    #[must_use]
    pub fn of_checked(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The condition that holds when all of these do.
    #[must_use]
    pub fn all(conditions: &[Self]) -> Self {
        let conditions: Vec<_> = conditions.iter().map(|condition| condition.0.as_str()).collect();
        Self(conditions.join("\n  and "))
    }
}

impl From<Sql> for String {
    fn from(sql: Sql) -> Self {
        sql.0
    }
}

impl Serialize for Sql {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_safe_string(self.0.clone()).serialize(serializer)
    }
}

/// A relation. Templates print its name, or parts of it.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a>(pub &'a Relation);

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_object(NameObject(self.0.clone())).serialize(serializer)
    }
}

/// A relation, as a template sees it.
#[derive(Debug)]
pub(super) struct NameObject(Relation);

impl Object for NameObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let sql = Value::from_safe_string;
        Some(match key.as_str()? {
            // As SQL. The schema has its database, if that is known.
            "schema" => sql(self.0.schema_sql()),
            "schema_alone" => sql(self.0.bare_schema_sql()),
            "identifier" => sql(self.0.identifier_sql()),
            "database" => self.0.database_sql().map_or_else(|| Value::from(()), sql),
            // As text, the way the warehouse's catalogue holds it.
            "stored_database" => Value::from(self.0.stored_database()),
            "stored_schema" => Value::from(self.0.stored_schema()),
            "stored_identifier" => Value::from(self.0.stored_identifier()),
            _ => return None,
        })
    }

    /// For `{% if %}`, an object that does not list its parts would be false.
    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A point in time, for the filter `timestamp`.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

impl Object for Moment {
    /// For `{% if %}`, an object without parts would be false.
    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_object(*self).serialize(serializer)
    }
}
