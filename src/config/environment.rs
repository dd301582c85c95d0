//! Flags that the environment sets.

use std::ffi::OsString;

use anyhow::{Context, Result, anyhow};
use clap::Command;

use super::flags::{Flag, Shape, VARIABLE_PREFIX};
use super::setting::{Layer, Origin, Setting, switch, words};
use crate::suggest;

/// The environment variables of a process.
pub(super) type Variables = [(OsString, OsString)];

/// What the variables set of a command's flags.
///
/// An empty variable sets nothing, because CI systems pass on an input that was left out as empty text.
pub(super) fn layer(command: &Command, flags: &[Flag], variables: &Variables) -> Result<Layer> {
    let mut layer = Layer::new();
    for flag in flags {
        let found = flag.variables().into_iter().find_map(|name| {
            let (_, value) =
                variables.iter().find(|(key, value)| key == name.as_str() && !value.is_empty())?;
            Some((name, value))
        });
        let Some((name, value)) = found else { continue };
        let value = value.to_str().with_context(|| format!("{name} in the environment is not UTF-8"))?;
        let origin = Origin::Environment(name);
        if !flag.is_configurable() {
            return Err(origin.located(&anyhow!("{}", flag.why_not_configurable())));
        }
        let values = match flag.shape {
            Shape::One => vec![value.to_owned()],
            Shape::Several | Shape::Rest => words(value).map_err(|error| origin.located(&error))?,
            Shape::Switch => switch(flag, value, command).map_err(|error| origin.located(&error))?,
        };
        layer.insert(flag.id.clone(), Setting { values, origin });
    }
    Ok(layer)
}

/// Complains about variables that look like this tool's, but match no flag.
pub(super) fn unknown(flags: &[Flag], variables: &Variables) -> Vec<String> {
    let known: Vec<_> = flags.iter().map(|flag| flag.variables().swap_remove(0)).collect();
    let names = variables.iter().filter_map(|(name, _)| name.to_str());
    let unknown =
        names.filter(|name| name.starts_with(VARIABLE_PREFIX) && !known.iter().any(|known| known == name));
    unknown
        .map(|name| {
            let tails = known.iter().filter_map(|known| known.strip_prefix(VARIABLE_PREFIX));
            let meant = suggest::similar(&name[VARIABLE_PREFIX.len()..], tails);
            let meant =
                meant.map_or(String::new(), |tail| format!("; did you mean {VARIABLE_PREFIX}{tail}?"));
            format!("{name} in the environment matches no flag{meant}")
        })
        .collect()
}
