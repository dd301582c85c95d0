//! The position of each key in a YAML file.

use std::collections::HashMap;

use marked_yaml::Node;

/// Line and column of each key, both counted from 1. A key is found by its path, in which an item of a list
/// is its number, counted from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyPositions(HashMap<Vec<String>, (usize, usize)>);

impl KeyPositions {
    /// Finds the keys of a text that is valid YAML.
    ///
    /// This parser knows less of YAML (no anchors) than the one that reads the values. Where it fails, no
    /// position is known. That is harmless: positions are shown to people and decide nothing.
    pub(super) fn of(text: &str) -> Self {
        let mut positions = Self::default();
        if let Ok(node) = marked_yaml::parse_yaml(0, text) {
            positions.add(&node, &[]);
        }
        positions
    }

    fn add(&mut self, node: &Node, path: &[String]) {
        let mapping = node.as_mapping().into_iter().flat_map(|mapping| mapping.iter());
        let entries = mapping.map(|(key, value)| (key.as_str().to_owned(), key.span(), value));
        let list = node.as_sequence().into_iter().flat_map(|list| list.iter());
        let items = list.enumerate().map(|(number, item)| (number.to_string(), item.span(), item));
        for (name, span, value) in entries.chain(items) {
            let path = [path, &[name]].concat();
            if let Some(start) = span.start() {
                self.0.insert(path.clone(), (start.line(), start.column()));
            }
            self.add(value, &path);
        }
    }

    /// Line and column of the key at this path.
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
        let positions = KeyPositions::of("# a comment\ntarget: staging\nrun:\n  limit-days: 30\n");
        assert_eq!(positions.get(&["target"]), Some((2, 1)));
        assert_eq!(positions.get(&["run", "limit-days"]), Some((4, 3)));
        assert_eq!(positions.get(&["run", "nothing"]), None);
        let positions = KeyPositions::of("run:\n  select:\n    - a\n    - {b: 1}\n");
        assert_eq!(positions.get(&["run", "select", "0"]), Some((3, 7)));
        assert_eq!(positions.get(&["run", "select", "1", "b"]), Some((4, 8)));
        assert_eq!(KeyPositions::of("a: [").get(&["a"]), None);
    }
}
