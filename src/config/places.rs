//! Where in a YAML file each key stands.

use std::collections::HashMap;

use marked_yaml::Node;

/// Line and column of keys, both from 1, by their path; an item of a list goes by its number, from 0.
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
        let mapping = node.as_mapping().into_iter().flat_map(|mapping| mapping.iter());
        let entries = mapping.map(|(key, value)| (key.as_str().to_owned(), key.span(), value));
        let list = node.as_sequence().into_iter().flat_map(|list| list.iter());
        let items = list.enumerate().map(|(number, item)| (number.to_string(), item.span(), item));
        for (name, span, value) in entries.chain(items) {
            let path = [path, &[name]].concat();
            if let Some(start) = span.start() {
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
        let places = Places::of("run:\n  select:\n    - a\n    - {b: 1}\n");
        assert_eq!(places.get(&["run", "select", "0"]), Some((3, 7)));
        assert_eq!(places.get(&["run", "select", "1", "b"]), Some((4, 8)));
        assert_eq!(Places::of("a: [").get(&["a"]), None);
    }
}
