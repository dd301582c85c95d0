//! Where in a YAML file each key stands.

use std::collections::HashMap;

use marked_yaml::Node;

/// Line and column of keys, both from 1, by their path.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(HashMap<Vec<String>, (usize, usize)>);

impl Places {
    /// Reads a text that is valid YAML. Where this parser knows less of YAML than the one that reads the values (anchors),
    /// places are not known: they are told to people and decide nothing.
    pub(super) fn of(text: &str) -> Self {
        let mut places = Self::default();
        if let Ok(node) = marked_yaml::parse_yaml(0, text) {
            places.take(&node, &[]);
        }
        places
    }

    fn take(&mut self, node: &Node, path: &[String]) {
        let Some(mapping) = node.as_mapping() else { return };
        for (key, value) in mapping.iter() {
            let path = [path, &[key.as_str().to_owned()]].concat();
            if let Some(start) = key.span().start() {
                self.0.insert(path.clone(), (start.line(), start.column()));
            }
            self.take(value, &path);
        }
    }

    /// A key's line and column.
    pub(super) fn get(&self, path: &[&str]) -> Option<(usize, usize)> {
        let path: Vec<_> = path.iter().map(|&key| key.to_owned()).collect();
        self.0.get(&path).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_line_and_column_of_nested_keys() {
        let places = Places::of("# a comment\ntarget: staging\nrun:\n  limit-days: 30\n");
        assert_eq!(places.get(&["target"]), Some((2, 1)));
        assert_eq!(places.get(&["run", "limit-days"]), Some((4, 3)));
        assert_eq!(places.get(&["run", "nothing"]), None);
        assert_eq!(Places::of("a: [").get(&["a"]), None);
    }
}
