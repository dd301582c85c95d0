//! What `models` in a dbt_project.yml sets for a model.

use serde_yaml::{Mapping, Value};

/// A key of a model's configuration, as a project file sets it.
#[derive(Debug, PartialEq)]
pub struct ModelSetting<'p> {
    /// The keys that lead to it, from `models` on.
    pub keys: Vec<&'p str>,
    /// Its value as written: it may hold Jinja.
    pub value: &'p Value,
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
    fn other_models_are_not_meant() {
        check(
            "{sho: {+full_refresh: true}, shop: {bas: {+full_refresh: true}, other: {+full_refresh: 1}}}",
            None,
        );
        check("{shop: {base: {'1.0': {manifest: {rows: {deeper: {+full_refresh: true}}}}}}}", None);
    }
}
