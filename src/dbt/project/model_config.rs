//! What `models` in a dbt_project.yml sets for a model.

use serde_yaml::{Mapping, Value};

use crate::dbt::config_keys::is_config_key;

/// A key of a model's configuration, as a project file sets it.
#[derive(Debug, PartialEq)]
pub struct ModelSetting<'p> {
    /// The keys that lead to it, from `models` on.
    pub keys: Vec<&'p str>,
    /// Its value as written: it may hold Jinja.
    pub value: &'p Value,
}

/// A key of a configuration, for all models below a place in `models`.
#[derive(Debug, PartialEq)]
pub struct ModelKey<'p> {
    /// The keys that lead to it, from `models` on.
    pub keys: Vec<&'p str>,
    /// Its name, without the `+` in front of it.
    pub name: &'p str,
    /// Whether there is a `+` in front of it, which tells it from a folder.
    pub has_plus: bool,
    /// Whether its value is a mapping. Without a `+`, every dbt takes such a key for a folder.
    pub is_mapping: bool,
}

/// Every key of a configuration that `models`, the value of that key, sets.
#[must_use]
pub fn model_keys(models: &Mapping) -> Vec<ModelKey<'_>> {
    let mut found = Vec::new();
    collect_keys(models, &["models"], &mut found);
    found
}

fn collect_keys<'p>(level: &'p Mapping, above: &[&'p str], found: &mut Vec<ModelKey<'p>>) {
    for (key, value) in level {
        let Some(key) = key.as_str() else { continue };
        let keys = [above, &[key]].concat();
        let (has_plus, name) = match key.strip_prefix('+') {
            Some(name) => (true, name.trim()),
            None => (false, key),
        };
        match value {
            Value::Mapping(below) if !has_plus && !is_meant_as_key(name, below) => {
                collect_keys(below, &keys, found);
            }
            _ => found.push(ModelKey { keys, name, has_plus, is_mapping: value.is_mapping() }),
        }
    }
}

/// Whether a mapping that dbt takes for a folder was meant as the value of a key: a folder holds folders, or keys of a
/// configuration.
fn is_meant_as_key(name: &str, value: &Mapping) -> bool {
    let is_of_folder = |(key, value): (&Value, &Value)| {
        let is_key = |key: &str| key.starts_with('+') || is_config_key(key);
        value.is_mapping() || key.as_str().is_none_or(is_key)
    };
    is_config_key(name) && !value.is_empty() && !value.iter().any(is_of_folder)
}

/// What `models`, the value of that key, sets for the model with this `fqn` (its parts joined by dots); none if it sets
/// nothing. The deepest level decides, as in dbt.
#[must_use]
pub fn model_setting<'p>(models: &'p Mapping, fqn: &str, key: &str) -> Option<ModelSetting<'p>> {
    let here = || {
        let is_it = |name: &str| name.strip_prefix('+').unwrap_or(name) == key;
        let value = |(name, value): (&'p Value, &'p Value)| {
            let name = name.as_str().filter(|name| is_it(name))?;
            Some(ModelSetting { keys: vec!["models", name], value })
        };
        models.iter().find_map(value)
    };
    let below = |(name, value): (&'p Value, &'p Value)| {
        let (name, level) = (name.as_str()?, value.as_mapping()?);
        // A folder's name may hold dots, too.
        let rest = fqn.strip_prefix(name)?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
        let mut found = model_setting(level, rest, key)?;
        found.keys.insert(1, name);
        Some(found)
    };
    models.iter().find_map(below).or_else(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(models: &str, expected: Option<(&[&str], &str)>) {
        let models: Mapping = serde_yaml::from_str(models).expect("YAML");
        let found = model_setting(&models, "shop.base.1.0.manifest.rows", "full_refresh");
        let found = found.map(|it| (it.keys, serde_yaml::to_string(it.value).expect("YAML")));
        let expected = expected.map(|(keys, value)| (keys.to_vec(), format!("{value}\n")));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_deepest_level_decides() {
        check("{}", None);
        check("{+enabled: true, shop: {base: {+full_refresh_not: 1}}}", None);
        check("{full_refresh: true}", Some((&["models", "full_refresh"], "true")));
        check(
            "{+full_refresh: true, shop: {base: {+full_refresh: false}}}",
            Some((&["models", "shop", "base", "+full_refresh"], "false")),
        );
        check(
            "{shop: {base: {+full_refresh: false, '1.0': {manifest: {rows: {+full_refresh: '{{ x }}'}}}}}}",
            Some((&["models", "shop", "base", "1.0", "manifest", "rows", "+full_refresh"], "'{{ x }}'")),
        );
    }

    #[test]
    fn keys_are_told_from_folders() {
        let models =
            "{+enabled: true, '+ tags': a, shop: {schema: x, +meta: {owner: us}, docs: {enabled: false},
            persist_docs: {relation: true}, quoting: {a: {+b: 1}}, empty: {}, owner: us}}";
        let models: Mapping = serde_yaml::from_str(models).expect("YAML");
        let found = model_keys(&models);
        let found: Vec<_> =
            found.iter().map(|it| (it.keys[1..].join("."), it.name, it.has_plus, it.is_mapping)).collect();
        let expected = [
            ("+enabled", "enabled", true, false),
            ("+ tags", "tags", true, false),
            ("shop.schema", "schema", false, false),
            ("shop.+meta", "meta", true, true),
            ("shop.docs.enabled", "enabled", false, false),
            ("shop.persist_docs", "persist_docs", false, true),
            ("shop.quoting.a.+b", "b", true, false),
            ("shop.owner", "owner", false, false),
        ];
        let expected = expected.map(|(keys, name, plus, mapping)| (keys.to_owned(), name, plus, mapping));
        assert_eq!(found, expected);
    }

    #[test]
    fn other_models_are_not_meant() {
        check(
            "{sho: {+full_refresh: true}, shop: {bas: {+full_refresh: true}, other: {+full_refresh: 1}}}",
            None,
        );
        check("{shop: {base: {'1.0': {manifest: {rows: {deeper: {+full_refresh: true}}}}}}}", None);
    }
}
