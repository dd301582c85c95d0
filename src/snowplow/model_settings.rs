//! Snowplow's settings in a model's configuration, such as `snowplow_optimize`. dbt does not know them: the macros of
//! snowplow_utils read them, each version in its own places.

use serde_json::Value;

use super::family::settings_may_be_in_meta;
use crate::dbt::{Manifest, Node};

/// The setting of Snowplow's own way to upsert.
pub const OPTIMIZE: &str = "snowplow_optimize";

/// The setting that names the date by which that way searches the table.
pub const DATE_KEY: &str = "upsert_date_key";

/// All settings of that way.
pub const SETTINGS: [&str; 3] = [OPTIMIZE, DATE_KEY, "disable_upsert_lookback"];

/// Where the installed snowplow_utils looks for its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsPlace {
    /// In `meta`, and at the top level what `meta` does not hold.
    MetaFirst,
    /// At the top level of the configuration alone.
    TopLevel,
}

/// The macro that looks into `meta`.
const READS_META: &str = "macro.snowplow_utils.config_meta_get";

/// The macros that read the settings.
pub const UPSERTS: [&str; 2] = [
    "macro.snowplow_utils.default__get_merge_sql",
    "macro.snowplow_utils.default__get_delete_insert_merge_sql",
];

impl SettingsPlace {
    /// The place for a version of snowplow_utils. If it is not known, the macros of the dbt manifest tell; if they
    /// read no settings, nothing is said against `meta`.
    #[must_use]
    pub fn of(utils_version: Option<&str>, manifest: &Manifest) -> Self {
        let has = |id: &str| manifest.macros.contains_key(id);
        let reads_meta = match utils_version {
            Some(version) => settings_may_be_in_meta(version),
            None => has(READS_META) || !UPSERTS.into_iter().any(has),
        };
        if reads_meta { Self::MetaFirst } else { Self::TopLevel }
    }

    /// The value of a setting for a model; none if nothing sets it.
    fn value<'n>(self, node: &'n Node, key: &str) -> Option<&'n Value> {
        let in_meta = match self {
            Self::MetaFirst => in_meta(node, key),
            Self::TopLevel => None,
        };
        in_meta.or_else(|| node.config.get(key))
    }

    /// Whether an incremental model uses Snowplow's own way to upsert.
    #[must_use]
    pub fn is_optimized(self, node: &Node) -> bool {
        self.value(node, OPTIMIZE).is_some_and(is_true)
    }

    /// Whether a model lacks the date that Snowplow's own way to upsert needs.
    #[must_use]
    pub fn lacks_date_key(self, node: &Node) -> bool {
        !self.value(node, DATE_KEY).is_some_and(is_true)
    }

    /// The column that holds the date of a model's rows.
    #[must_use]
    pub fn date_column(self, node: &Node) -> Option<&str> {
        self.value(node, DATE_KEY)?.as_str()
    }

    /// The settings in a model's `meta` that have no effect, because they are only read at the top level. Those that
    /// change nothing are left out.
    pub fn without_effect(self, node: &Node) -> impl Iterator<Item = &'static str> + use<'_> {
        let is_unread = move |key: &&str| {
            let differs = |value: &Value| is_true(value) && node.config.get(*key) != Some(value);
            self == Self::TopLevel && in_meta(node, key).is_some_and(differs)
        };
        SETTINGS.into_iter().filter(is_unread)
    }
}

fn in_meta<'n>(node: &'n Node, key: &str) -> Option<&'n Value> {
    node.config.get("meta")?.get(key)
}

/// Whether Jinja takes a value for true.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dbt::Macro;

    fn node(config: &Value) -> Node {
        Node { config: config.as_object().expect("a mapping").clone(), ..Node::default() }
    }

    #[test]
    fn meta_takes_precedence_where_it_is_read() {
        for (config, in_meta, at_top_level) in [
            (json!({}), (false, None), (false, None)),
            (
                json!({"snowplow_optimize": true, "upsert_date_key": "a"}),
                (true, Some("a")),
                (true, Some("a")),
            ),
            (
                json!({"meta": {"snowplow_optimize": true, "upsert_date_key": "a"}}),
                (true, Some("a")),
                (false, None),
            ),
            (
                json!({"snowplow_optimize": true, "upsert_date_key": "a",
                       "meta": {"snowplow_optimize": false, "upsert_date_key": null}}),
                (false, None),
                (true, Some("a")),
            ),
            (
                json!({"snowplow_optimize": "yes", "meta": {"upsert_date_key": "b"}}),
                (true, Some("b")),
                (true, None),
            ),
        ] {
            let node = node(&config);
            let said = |place: SettingsPlace| (place.is_optimized(&node), place.date_column(&node));
            assert_eq!(said(SettingsPlace::MetaFirst), in_meta, "{config}");
            assert_eq!(said(SettingsPlace::TopLevel), at_top_level, "{config}");
            assert_eq!(SettingsPlace::MetaFirst.lacks_date_key(&node), in_meta.1.is_none(), "{config}");
        }
    }

    #[test]
    fn names_what_has_no_effect() {
        let node = node(&json!({
            "upsert_date_key": "a",
            "meta": {"snowplow_optimize": true, "upsert_date_key": "a", "disable_upsert_lookback": false},
        }));
        assert_eq!(SettingsPlace::TopLevel.without_effect(&node).collect::<Vec<_>>(), [OPTIMIZE]);
        assert_eq!(SettingsPlace::MetaFirst.without_effect(&node).count(), 0);
    }

    #[test]
    fn the_version_decides_and_without_one_the_macros() {
        let with = |macros: &[&str]| {
            let macros = macros.iter().map(|id| ((*id).to_owned(), Macro::default())).collect();
            Manifest { macros, ..Manifest::default() }
        };
        let (new, old, none) = (with(&[READS_META, UPSERTS[0]]), with(&[UPSERTS[1]]), with(&[]));
        for (version, manifest, expected) in [
            (Some("0.17.4"), &new, SettingsPlace::TopLevel),
            (Some("1.0.0"), &old, SettingsPlace::MetaFirst),
            (Some("1.1.0"), &none, SettingsPlace::MetaFirst),
            (None, &new, SettingsPlace::MetaFirst),
            (None, &old, SettingsPlace::TopLevel),
            (None, &none, SettingsPlace::MetaFirst),
        ] {
            assert_eq!(SettingsPlace::of(version, manifest), expected, "{version:?}");
        }
    }
}
