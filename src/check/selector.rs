//! What a selector of `selectors.yml` picks, as far as that can be told from the dbt manifest alone.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail};
use glob::Pattern;
use serde_json::{Map, Value};

use crate::dbt::{Graph, Node};

/// The `unique_id`s of everything that a definition picks; only those of models mean something.
///
/// # Errors
/// It says something that only dbt can tell, such as what has changed.
pub(super) fn select<'g>(definition: &Value, graph: &'g Graph, root: &str) -> Result<HashSet<&'g str>> {
    Selection { graph, root, children: children(graph) }.evaluate(definition)
}

struct Selection<'g, 'r> {
    graph: &'g Graph,
    root: &'r str,
    children: HashMap<&'g str, Vec<&'g str>>,
}

type Ids<'g> = HashSet<&'g str>;

impl<'g> Selection<'g, '_> {
    fn evaluate(&self, definition: &Value) -> Result<Ids<'g>> {
        let keys = match definition {
            Value::Object(keys) => keys,
            Value::String(text) => bail!("the text {text}"),
            other => bail!("{other}"),
        };
        if let Some(parts) = keys.get("union") {
            return self.combined(parts, |all, part| all | part);
        }
        if let Some(parts) = keys.get("intersection") {
            return self.combined(parts, |all, part| all & part);
        }
        let picked = self.method(keys)?;
        let grown = self.with_relatives(&picked, keys)?;
        match keys.get("exclude") {
            None => Ok(grown),
            Some(excluded) => Ok(&grown - &self.any_of(excluded)?),
        }
    }

    /// The parts of a `union` or `intersection`; an `exclude` among them is taken away from the whole.
    ///
    /// dbt takes a part with an `exclude` for nothing but that, whatever else it says.
    fn combined(&self, parts: &Value, combine: fn(&Ids<'g>, &Ids<'g>) -> Ids<'g>) -> Result<Ids<'g>> {
        let mut whole: Option<Ids<'g>> = None;
        let mut excluded = Ids::new();
        for part in parts.as_array().context("a union or intersection that is no list")? {
            if let Some(out) = part.get("exclude") {
                excluded.extend(self.any_of(out)?);
                continue;
            }
            let part = self.evaluate(part)?;
            whole = Some(match whole {
                None => part,
                Some(whole) => combine(&whole, &part),
            });
        }
        Ok(&whole.unwrap_or_default() - &excluded)
    }

    fn any_of(&self, parts: &Value) -> Result<Ids<'g>> {
        let parts = parts.as_array().context("an exclude that is no list")?;
        parts.iter().try_fold(Ids::new(), |all, part| Ok(&all | &self.evaluate(part)?))
    }

    fn method(&self, keys: &Map<String, Value>) -> Result<Ids<'g>> {
        let method = keys.get("method").and_then(Value::as_str).context("a definition without a method")?;
        let value = match keys.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(_) | Value::Number(_)) => keys["value"].to_string(),
            _ => bail!("the method {method} without a value"),
        };
        let pattern = || Pattern::new(&value).with_context(|| format!("the pattern {value}"));
        let picked = match method.split_once('.').map_or(method, |(first, _)| first) {
            "fqn" => {
                let matcher = Fqn::new(&value)?;
                self.models(|node| matcher.matches(node, self.graph))
            }
            "tag" => {
                let pattern = pattern()?;
                self.models(|node| node.tags.iter().any(|tag| pattern.matches(tag)))
            }
            "package" => {
                let pattern =
                    if value == "this" { Pattern::new(&Pattern::escape(self.root))? } else { pattern()? };
                self.models(|node| pattern.matches(&node.package_name))
            }
            "path" => {
                let pattern = Pattern::new(value.trim_end_matches('/'))?;
                self.models(|node| {
                    camino::Utf8Path::new(&node.path).ancestors().any(|path| pattern.matches(path.as_str()))
                })
            }
            "file" => {
                let pattern = pattern()?;
                let name = |node: &Node| camino::Utf8Path::new(&node.path).file_name().map(str::to_owned);
                self.models(|node| {
                    name(node).is_some_and(|name| {
                        pattern.matches(&name)
                            || name.rsplit_once('.').is_some_and(|(stem, _)| pattern.matches(stem))
                    })
                })
            }
            "resource_type" if value == "model" => self.models(|_| true),
            "config" if method == "config.materialized" => self.models(|node| node.materialized() == value),
            "config" if method == "config.tags" => self.models(|node| node.has_tag(&value)),
            "source" => self.sources(&value)?,
            _ => bail!("the method {method}"),
        };
        Ok(picked)
    }

    fn models(&self, wanted: impl Fn(&Node) -> bool) -> Ids<'g> {
        let models = self.graph.manifest.models().filter(|node| wanted(node));
        models.map(|node| node.unique_id.as_str()).collect()
    }

    /// Sources are known by the models that read them: `source.package.source.table`.
    fn sources(&self, value: &str) -> Result<Ids<'g>> {
        let wanted: Vec<_> = value.split('.').map(Pattern::new).collect::<Result<_, _>>()?;
        let matches = |id: &&&str| {
            let mut parts = id.split('.').skip(1);
            let (Some(package), Some(source), Some(table)) = (parts.next(), parts.next(), parts.next())
            else {
                return false;
            };
            match wanted.as_slice() {
                [only] => only.matches(source),
                [of_source, of_table] => of_source.matches(source) && of_table.matches(table),
                [of_package, of_source, of_table] => {
                    of_package.matches(package) && of_source.matches(source) && of_table.matches(table)
                }
                _ => false,
            }
        };
        Ok(self.children.keys().filter(|id| id.starts_with("source.")).filter(matches).copied().collect())
    }

    /// Adds the parents and children that the definition asks for.
    fn with_relatives(&self, picked: &Ids<'g>, keys: &Map<String, Value>) -> Result<Ids<'g>> {
        let is_set = |key: &str| keys.get(key).is_some_and(|value| value == true);
        let depth = |key: &str| -> Result<usize> {
            match keys.get(key) {
                None | Some(Value::Null) => Ok(usize::MAX),
                Some(depth) => depth
                    .as_u64()
                    .and_then(|depth| depth.try_into().ok())
                    .with_context(|| format!("{key} {depth}")),
            }
        };
        let mut all = picked.clone();
        if is_set("parents") {
            all.extend(reach(picked, depth("parents_depth")?, |id| self.parents(id)));
        }
        if is_set("children") {
            all.extend(reach(picked, depth("children_depth")?, |id| self.children_of(id)));
        }
        if is_set("childrens_parents") {
            let children = reach(picked, usize::MAX, |id| self.children_of(id));
            all.extend(reach(&children, usize::MAX, |id| self.parents(id)));
        }
        Ok(all)
    }

    fn parents(&self, id: &str) -> Vec<&'g str> {
        let of_model = self.graph.manifest.node(id).map(|node| &node.parents);
        let parents = of_model.or_else(|| self.graph.between.get(id));
        parents.into_iter().flatten().map(String::as_str).collect()
    }

    fn children_of(&self, id: &str) -> Vec<&'g str> {
        self.children.get(id).cloned().unwrap_or_default()
    }
}

/// All that can be reached in so many steps, with where it begins.
fn reach<'g>(from: &Ids<'g>, depth: usize, next: impl Fn(&str) -> Vec<&'g str>) -> Ids<'g> {
    let mut reached = from.clone();
    let mut edge: Vec<&str> = from.iter().copied().collect();
    let mut steps = 0;
    while !edge.is_empty() && steps < depth {
        let near = edge.into_iter().flat_map(&next);
        edge = near.filter(|id| reached.insert(id)).collect();
        steps += 1;
    }
    reached
}

fn children(graph: &Graph) -> HashMap<&str, Vec<&str>> {
    let of_models = graph.manifest.models().map(|node| (node.unique_id.as_str(), &node.parents));
    let of_others = graph.between.iter().map(|(id, parents)| (id.as_str(), parents));
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, parents) in of_models.chain(of_others) {
        for parent in parents {
            children.entry(parent).or_default().push(id);
        }
    }
    children
}

/// The method `fqn`: a model's name, or the start of its package and folders, with or without the package.
struct Fqn<'v> {
    value: &'v str,
    parts: Vec<&'v str>,
    /// From the first part with a wildcard on, all is one pattern.
    pattern: Option<(usize, Pattern)>,
}

impl<'v> Fqn<'v> {
    fn new(value: &'v str) -> Result<Self> {
        let parts: Vec<_> = value.split('.').collect();
        let first = parts.iter().position(|part| part.contains(['*', '?', '[', ']']));
        let pattern =
            first.map(|first| anyhow::Ok((first, Pattern::new(&parts[first..].join("."))?))).transpose()?;
        Ok(Self { value, parts, pattern })
    }

    fn matches(&self, node: &Node, graph: &Graph) -> bool {
        let Some(fqn) = graph.fqns.get(&node.unique_id) else { return false };
        if node.name == self.value {
            return true;
        }
        let fqn: Vec<_> = fqn.split('.').collect();
        if node.version.is_some() && fqn.len() > 1 {
            let tail = fqn[fqn.len() - 2..].join("_");
            if self.parts[self.parts.len().saturating_sub(2)..].join("_") == tail {
                return true;
            }
        }
        self.is_start_of(&fqn) || self.is_start_of(&fqn[1..])
    }

    fn is_start_of(&self, fqn: &[&str]) -> bool {
        if fqn.len() < self.parts.len() {
            return false;
        }
        let plain = self.pattern.as_ref().map_or(self.parts.len(), |(first, _)| *first);
        self.parts[..plain] == fqn[..plain]
            && self.pattern.as_ref().is_none_or(|(first, pattern)| pattern.matches(&fqn[*first..].join(".")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn graph() -> Graph {
        let model = |package: &str, folder: &str, name: &str, tags: &[&str], parents: &[&str]| {
            let value = json!({
                "resource_type": "model", "name": name, "package_name": package, "tags": tags, "fqn": [package, folder, name],
                "original_file_path": format!("models/{folder}/{name}.sql"), "config": {"materialized": "table"},
                "depends_on": {"nodes": parents},
            });
            (format!("model.{package}.{name}"), value)
        };
        let mut nodes: Map<String, Value> = [
            model("p", "stg", "a", &["daily"], &["source.p.raw.events"]),
            model("p", "stg", "b", &[], &["model.p.a"]),
            model("p", "fct", "c", &["nightly"], &["model.p.b", "model.q.d"]),
            model("q", "fct", "d", &["daily"], &[]),
            model("p", "fct", "e", &[], &["snapshot.p.s"]),
        ]
        .into_iter()
        .collect();
        nodes.insert("snapshot.p.s".into(), json!({"depends_on": {"nodes": ["model.p.c"]}}));
        let (id, mut versioned) = model("p", "fct", "dim", &[], &[]);
        versioned["version"] = json!(2);
        versioned["fqn"] = json!(["p", "fct", "dim", "v2"]);
        nodes.insert(format!("{id}.v2"), versioned);
        let metadata = json!({"dbt_schema_version": "x/manifest/v12.json", "dbt_version": "1.11.1"});
        Graph::of_text(&json!({"metadata": metadata, "nodes": nodes}).to_string()).expect("a graph")
    }

    fn picked(definition: &Value) -> Result<String> {
        let graph = graph();
        let picked = select(definition, &graph, "p")?;
        let mut names: Vec<_> = picked
            .into_iter()
            .filter_map(|id| graph.manifest.node(id))
            .map(|node| node.name.as_str())
            .collect();
        names.sort_unstable();
        Ok(names.join(" "))
    }

    #[test]
    fn picks_what_dbt_picks() {
        let method = |method: &str, value: &str| json!({"method": method, "value": value});
        for (definition, expected) in [
            (method("fqn", "a"), "a"),
            (method("fqn", "*"), "a b c d dim e"),
            (method("fqn", "p"), "a b c dim e"),
            (method("fqn", "p.stg"), "a b"),
            (method("fqn", "stg.b"), "b"),
            (method("fqn", "p.f*"), "c dim e"),
            (method("fqn", "dim"), "dim"),
            (method("fqn", "dim.v2"), "dim"),
            (method("fqn", "dim_v2"), "dim"),
            (method("fqn", "dim_v1"), ""),
            (method("tag", "daily"), "a d"),
            (method("tag", "*ly"), "a c d"),
            (method("package", "q"), "d"),
            (method("package", "this"), "a b c dim e"),
            (method("path", "models/stg"), "a b"),
            (method("path", "models/stg/a.sql"), "a"),
            (method("path", "models/*/c.sql"), "c"),
            (method("file", "a.sql"), "a"),
            (method("file", "?"), "a b c d e"),
            (method("resource_type", "model"), "a b c d dim e"),
            (method("config.materialized", "table"), "a b c d dim e"),
            (method("config.tags", "nightly"), "c"),
            (json!({"method": "source", "value": "raw", "children": true}), "a b c e"),
            (json!({"method": "source", "value": "p.raw.ev*", "children": true, "children_depth": 1}), "a"),
            (json!({"method": "fqn", "value": "c", "parents": true}), "a b c d"),
            (json!({"method": "fqn", "value": "c", "parents": true, "parents_depth": 1}), "b c d"),
            (json!({"method": "fqn", "value": "c", "children": true}), "c e"),
            (json!({"method": "fqn", "value": "d", "childrens_parents": true}), "a b c d e"),
            (json!({"method": "fqn", "value": "*", "exclude": [method("tag", "daily")]}), "b c dim e"),
            (json!({"union": [method("fqn", "a"), method("tag", "nightly")]}), "a c"),
            (json!({"union": [method("package", "p"), {"exclude": [method("fqn", "stg")]}]}), "c dim e"),
            (
                json!({"union": [method("package", "q"), method("fqn", "b"),
                    {"method": "fqn", "value": "c", "exclude": [method("tag", "daily")]}]}),
                "b",
            ),
            (json!({"intersection": [method("tag", "daily"), method("package", "p")]}), "a"),
            (
                json!({"union": [{"intersection": [method("tag", "daily"), method("package", "q")]}, method("fqn", "b")]}),
                "b d",
            ),
        ] {
            assert_eq!(picked(&definition).expect("told"), expected, "{definition}");
        }
    }

    #[test]
    fn says_what_only_dbt_can_tell() {
        for (definition, expected) in [
            (json!({"method": "state", "value": "modified"}), "the method state"),
            (
                json!({"union": [{"method": "tag", "value": "a"}, {"method": "result", "value": "error"}]}),
                "the method result",
            ),
            (json!({"method": "config.meta.x", "value": true}), "the method config.meta.x"),
            (json!("tag:a"), "the text tag:a"),
        ] {
            assert_eq!(picked(&definition).expect_err("not told").to_string(), expected);
        }
    }
}
