//! The default selector, which dbt 2 leaves out of its manifest: `selectors.yml` says which one it is.

use std::fs;

use camino::Utf8Path;
use serde_yaml::Value;

use super::yaml;
use crate::dbt::artifacts::{DefaultSelector, Manifest};

const SELECTORS: &str = "selectors.yml";

impl Manifest {
    /// Looks up the default selector in the project's folder if the dbt manifest names none. A file that cannot be
    /// read names none either: dbt has read it and has said what is wrong.
    #[must_use]
    pub fn with_default_selector_of(mut self, directory: &Utf8Path) -> Self {
        if self.default_selector.is_none() && !self.selectors.is_empty() {
            let file = fs::read_to_string(directory.join(SELECTORS)).ok();
            let name = file.and_then(|text| yaml::parse(&text).ok()).and_then(|file| default_in(&file));
            let definition = name.as_ref().and_then(|name| self.selectors.get(name)).cloned();
            let found = name.zip(definition);
            self.default_selector = found.map(|(name, definition)| DefaultSelector { name, definition });
        }
        self
    }
}

fn default_in(file: &Value) -> Option<String> {
    let selectors = file.get("selectors")?.as_sequence()?;
    let default = selectors.iter().find(|selector| selector.get("default") == Some(&Value::Bool(true)))?;
    Some(default.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(text: Option<&str>) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Utf8Path::from_path(folder.path()).expect("UTF-8");
        if let Some(text) = text {
            fs::write(directory.join(SELECTORS), text).expect("written");
        }
        let selectors = [("usual".to_owned(), json!({"method": "tag", "value": "a"}))].into();
        let manifest = Manifest { selectors, ..Manifest::default() };
        manifest.with_default_selector_of(directory).default_selector.map(|selector| selector.name)
    }

    #[test]
    fn the_file_says_which_selector_is_the_default() {
        let text =
            "selectors:\n  - {name: other, definition: x}\n  - {name: usual, default: true, definition: x}\n";
        assert_eq!(found(Some(text)).as_deref(), Some("usual"));
        for none in
            ["selectors: []\n", "selectors:\n  - {name: unheard_of, default: true}\n", "selectors: 1\n", "{"]
        {
            assert_eq!(found(Some(none)), None, "{none}");
        }
        assert_eq!(found(None), None);
    }
}
