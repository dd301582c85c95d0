//! The method `fqn` of a selection, as dbt matches it.

use anyhow::Result;
use glob::Pattern;

use crate::dbt::artifacts::Node;

/// A value of the method `fqn`: a model's name, or the beginning of its path of package, folders and name.
/// The package may be left out.
#[derive(Debug)]
pub(in crate::dbt) struct Fqn<'v> {
    value: &'v str,
    parts: Vec<&'v str>,
    /// The index of the first part with a wildcard, and a pattern of all parts from there on.
    pattern: Option<(usize, Pattern)>,
}

impl<'v> Fqn<'v> {
    pub(in crate::dbt) fn new(value: &'v str) -> Result<Self> {
        let parts: Vec<_> = value.split('.').collect();
        let first = parts.iter().position(|part| part.contains(['*', '?', '[', ']']));
        let pattern =
            first.map(|first| anyhow::Ok((first, Pattern::new(&parts[first..].join("."))?))).transpose()?;
        Ok(Self { value, parts, pattern })
    }

    pub(in crate::dbt) fn matches(&self, node: &Node) -> bool {
        if node.name == self.value {
            return true;
        }
        let fqn: Vec<_> = node.fqn.split('.').collect();
        // The last two parts of a versioned model are its name and version: `dim.v2`, also written `dim_v2`.
        if node.version.is_some() && fqn.len() > 1 {
            let tail = fqn[fqn.len() - 2..].join("_");
            if self.parts[self.parts.len().saturating_sub(2)..].join("_") == tail {
                return true;
            }
        }
        self.is_beginning_of(&fqn) || self.is_beginning_of(&fqn[1..])
    }

    fn is_beginning_of(&self, fqn: &[&str]) -> bool {
        if fqn.len() < self.parts.len() {
            return false;
        }
        let plain = self.pattern.as_ref().map_or(self.parts.len(), |(first, _)| *first);
        self.parts[..plain] == fqn[..plain]
            && self.pattern.as_ref().is_none_or(|(first, pattern)| pattern.matches(&fqn[*first..].join(".")))
    }
}
