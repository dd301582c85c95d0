//! Parts of a selection that match nothing, and what may have been meant.

use std::fmt;

use super::arguments::SelectionArguments;
use crate::dbt::artifacts::Manifest;
use crate::dbt::project::{Fqn, without_models};
use crate::suggest;

/// A part of a selection that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The part, in dbt's spelling: `+my_model`.
    pub criterion: String,
    /// Whether it must be a mistake: part of `--select`, and not of what is right to be empty. A part of
    /// `--exclude` or of a selector can be meant for other projects or days.
    pub is_mistake: bool,
    /// What may have been meant, such as ": did you mean `my_model`?"; empty if nothing is similar.
    suggestion: String,
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} matches no enabled model{}", self.criterion, self.suggestion)
    }
}

/// The criteria that match nothing, by dbt's log of a call. On stdout, `--quiet` also leaves out warnings.
pub(super) fn find(log: &str, selection: &SelectionArguments, manifest: &Manifest) -> Vec<Unmatched> {
    let criterion = |line| -> Option<&str> {
        let (_, rest) = str::split_once(line, "The selection criterion '")?;
        Some(rest.split_once("' does not match any")?.0)
    };
    let mut found: Vec<Unmatched> = Vec::new();
    for criterion in log.lines().filter_map(criterion) {
        if found.iter().any(|unmatched| unmatched.criterion == criterion) {
            continue;
        }
        let mut selected = selection.select.iter().flat_map(|text| text.split_whitespace());
        // On most days, nothing is new or modified, and nothing failed.
        let may_be_empty = criterion.split(',').any(|part| {
            let method = without_operators(part).split_once(':').map(|(method, _)| method);
            matches!(method, Some("state" | "result"))
        });
        found.push(Unmatched {
            criterion: criterion.to_owned(),
            is_mistake: selected.any(|part| part == criterion) && !may_be_empty,
            suggestion: suggestion(criterion, manifest),
        });
    }
    let parts = selection.select.iter().flat_map(|text| text.split_whitespace());
    for part in parts.filter(|part| is_no_model(part, manifest)) {
        if found.iter().all(|unmatched| unmatched.criterion != part) {
            // No mistake: `dbt seed` and `dbt test` may be called with the same selection.
            let suggestion = ": it may be the name of something else, such as a seed".to_owned();
            found.push(Unmatched { criterion: part.to_owned(), is_mistake: false, suggestion });
        }
    }
    found
}

/// Adds the parts that match nothing, for a dbt that says nothing about them: as far as the dbt manifest shows it.
/// It shows no seeds and snapshots, which may be meant, so none of them counts as a mistake.
pub(super) fn find_untold(found: &mut Vec<Unmatched>, selection: &SelectionArguments, manifest: &Manifest) {
    let texts = selection.select.iter().chain(&selection.exclude);
    let parts = texts.flat_map(|text| text.split_whitespace());
    for part in without_models(manifest, parts) {
        let told = found.iter().position(|unmatched| unmatched.criterion == part);
        let suggestion = suggestion(part, manifest);
        match told {
            Some(place) if !suggestion.is_empty() => found[place].suggestion = suggestion,
            Some(_) => {}
            None => found.push(Unmatched { criterion: part.to_owned(), is_mistake: false, suggestion }),
        }
    }
}

/// Whether a part is a plain name, and no model has it. If anything else has it, dbt finds no fault with it. Its
/// ancestors and descendants may be models.
fn is_no_model(part: &str, manifest: &Manifest) -> bool {
    let is_name = !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name && Fqn::new(part).is_ok_and(|fqn| !manifest.models().any(|node| fqn.matches(node)))
}

/// For the first part of an intersection that has a name like it and is none itself.
fn suggestion(criterion: &str, manifest: &Manifest) -> String {
    let suggested = criterion.split(',').find_map(|part| {
        let bare = without_operators(part);
        let (method, value) = bare.split_once(':').unwrap_or(("fqn", bare));
        let names: Vec<&str> = match method {
            "fqn" => manifest.models().map(|node| node.name.as_str()).collect(),
            "package" => manifest.models().map(|node| node.package_name.as_str()).collect(),
            "tag" => manifest.models().flat_map(|node| &node.tags).map(String::as_str).collect(),
            _ => return None,
        };
        if names.contains(&value) {
            return None;
        }
        suggest::similar(value, names).map(|name| format!(": did you mean `{name}`?"))
    });
    suggested.unwrap_or_default()
}

/// `name` of `@name`, `+name`, `2+name+1`.
fn without_operators(part: &str) -> &str {
    let is_count = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let part = part.strip_prefix('@').unwrap_or(part);
    let part = part.split_once('+').filter(|(count, _)| is_count(count)).map_or(part, |(_, rest)| rest);
    part.rsplit_once('+').filter(|(_, count)| is_count(count)).map_or(part, |(rest, _)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::artifacts::Node;

    fn manifest() -> Manifest {
        let node = |id: &str, name: &str| {
            let tags = vec!["nightly".to_owned()];
            let (name, package_name) = (name.to_owned(), "shop".to_owned());
            let fqn = format!("shop.{name}");
            let node = Node { unique_id: id.to_owned(), name, package_name, tags, fqn, ..Node::default() };
            (id.to_owned(), node)
        };
        let nodes = [node("model.shop.a", "basket_value"), node("model.shop.b", "daily_traffic")].into();
        Manifest { nodes, ..Manifest::default() }
    }

    fn line(criterion: &str) -> String {
        format!(
            "16:16:03.2 [warn ] [MainThread]: The selection criterion '{criterion}' does not match any nodes\n"
        )
    }

    #[test]
    fn tells_mistakes_from_what_may_be_empty() {
        let selection = SelectionArguments {
            select: vec!["+daily_traffic +basket_valu".into(), "state:modified+".into()],
            exclude: vec!["daly_traffic".into()],
            selector: None,
            state: None,
        };
        let log: String =
            ["+basket_valu", "state:modified+", "daly_traffic", "daly_traffic"].map(line).concat();
        let found = find(&format!("Running with dbt=1.11.16\n{log}"), &selection, &manifest());
        let found: Vec<_> = found.iter().map(|part| (part.to_string(), part.is_mistake)).collect();
        let text = |text: &str, is_mistake| (text.to_owned(), is_mistake);
        assert_eq!(
            found,
            [
                text("+basket_valu matches no enabled model: did you mean `basket_value`?", true),
                text("state:modified+ matches no enabled model", false),
                text("daly_traffic matches no enabled model: did you mean `daily_traffic`?", false),
            ]
        );
    }

    #[test]
    fn what_dbt_does_not_tell_is_found_in_the_manifest() {
        let selection = SelectionArguments {
            select: vec!["+basket_value +basket_valu my_seed seeds+ tag:nigtly+ path:models/x".into()],
            exclude: vec!["package:shp".into()],
            ..SelectionArguments::default()
        };
        let mut found = find("", &selection, &manifest());
        find_untold(&mut found, &selection, &manifest());
        let told: Vec<_> = found.iter().map(|part| (part.to_string(), part.is_mistake)).collect();
        let text = |text: &str, is_mistake| (text.to_owned(), is_mistake);
        assert_eq!(
            told,
            [
                text(
                    "my_seed matches no enabled model: it may be the name of something else, such as a seed",
                    false
                ),
                text("+basket_valu matches no enabled model: did you mean `basket_value`?", false),
                text("seeds+ matches no enabled model", false),
                text("tag:nigtly+ matches no enabled model: did you mean `nightly`?", false),
                text("package:shp matches no enabled model: did you mean `shop`?", false),
            ]
        );
    }

    #[test]
    fn names_of_something_else_are_told() {
        let select = "my_seed +my_seed 2+my_seed my_seed+ @my_seed my_seed+2 tag:my_seed shop models/my_seed basket_value";
        let selection =
            SelectionArguments { select: vec![select.to_owned()], ..SelectionArguments::default() };
        let found = find("", &selection, &manifest());
        let told: Vec<_> = found.iter().map(|part| (part.criterion.as_str(), part.is_mistake)).collect();
        assert_eq!(told, [("my_seed", false)]);
        let text = "my_seed matches no enabled model: it may be the name of something else, such as a seed";
        assert_eq!(found[0].to_string(), text);
    }

    #[test]
    fn suggests_by_the_method_and_without_operators() {
        for (criterion, expected) in [
            ("2+basket_valu+1", ": did you mean `basket_value`?"),
            ("@basket_valu", ": did you mean `basket_value`?"),
            ("basket_value,tag:nigtly+", ": did you mean `nightly`?"),
            ("package:shp", ": did you mean `shop`?"),
            ("path:models/basket_valu", ""),
            ("zzz", ""),
        ] {
            assert_eq!(suggestion(criterion, &manifest()), expected, "{criterion}");
        }
    }
}
