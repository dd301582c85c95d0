//! Selects models as dbt does, from the dbt manifest alone.
//!
//! A selection is either a definition in `selectors.yml` or criteria on the command line. Criteria are turned
//! into definitions, so that both select by the same rules.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use glob::Pattern;
use serde_json::{Map, Value, json};

use super::fqn::Fqn;
use crate::dbt::artifacts::{Lineage, Manifest, Node};

/// The `unique_id`s of everything that a definition selects. They are complete for models only.
///
/// # Errors
/// The definition uses a method that needs more than the dbt manifest, such as `state`. The error names it.
pub fn select_by_definition<'m>(manifest: &'m Manifest, definition: &Value) -> Result<HashSet<&'m str>> {
    Evaluation::of(manifest).evaluate(definition)
}

/// The `unique_id`s of the models that `--select` and `--exclude` select. An empty `select` means all models.
///
/// # Errors
/// Only dbt understands a criterion; a criterion matches nothing; nothing is selected.
pub fn select_by_criteria(
    manifest: &Manifest,
    select: &[String],
    exclude: &[String],
) -> Result<BTreeSet<String>> {
    let evaluation = Evaluation::of(manifest);
    let mut selected = evaluation.any_criterion(select)?;
    if select.is_empty() {
        selected = evaluation.models(|_| true);
    }
    let excluded = evaluation.any_criterion(exclude)?;
    selected.retain(|id| !excluded.contains(id));
    if selected.is_empty() {
        bail!("nothing is selected");
    }
    Ok(selected.into_iter().map(str::to_owned).collect())
}

/// Those of the criteria of a command line that match no model, as far as the dbt manifest shows it.
pub fn without_models<'c>(
    manifest: &Manifest,
    criteria: impl Iterator<Item = &'c str>,
) -> impl Iterator<Item = &'c str> {
    let evaluation = Evaluation::of(manifest);
    criteria.filter(move |criterion| {
        let picked = definition_of(criterion).and_then(|definition| evaluation.evaluate(&definition));
        picked.is_ok_and(|picked| picked.iter().all(|id| manifest.node(id).is_none()))
    })
}

/// A criterion of the command line as a definition.
fn definition_of(criterion: &str) -> Result<Value> {
    let bare = criterion.trim_matches('+');
    let (method, value) = match bare.split_once(':') {
        Some((method @ ("tag" | "package"), value)) => (method, value),
        None if !bare.contains([',', '*', '@', '/', '.']) => ("fqn", bare),
        _ => bail!(
            "{criterion}: without a connection, only names, +name, name+, tag:… and package:… can be \
             selected. For the rest of dbt's syntax, use --target and --to"
        ),
    };
    let (parents, children) = (criterion.starts_with('+'), criterion.ends_with('+'));
    Ok(json!({"method": method, "value": value, "parents": parents, "children": children}))
}

struct Evaluation<'m> {
    manifest: &'m Manifest,
    lineage: Lineage<'m>,
    /// The selectors that are being evaluated, each from the one before it.
    open: RefCell<Vec<&'m str>>,
}

type Ids<'m> = HashSet<&'m str>;

impl<'m> Evaluation<'m> {
    fn of(manifest: &'m Manifest) -> Self {
        Self { manifest, lineage: Lineage::of(manifest), open: RefCell::default() }
    }

    fn evaluate(&self, definition: &Value) -> Result<Ids<'m>> {
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

    /// Combines the parts of a `union` or `intersection`, and removes what an `exclude` among them selects.
    ///
    /// Like dbt, it ignores everything else in a part that has an `exclude`.
    fn combined(&self, parts: &Value, combine: fn(&Ids<'m>, &Ids<'m>) -> Ids<'m>) -> Result<Ids<'m>> {
        let mut whole: Option<Ids<'m>> = None;
        let mut excluded = Ids::new();
        for part in parts.as_array().context("a union or intersection that is not a list")? {
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

    fn any_of(&self, parts: &Value) -> Result<Ids<'m>> {
        let parts = parts.as_array().context("an exclude that is not a list")?;
        parts.iter().try_fold(Ids::new(), |all, part| Ok(&all | &self.evaluate(part)?))
    }

    fn any_criterion(&self, criteria: &[String]) -> Result<Ids<'m>> {
        let mut all = Ids::new();
        for criterion in criteria.iter().flat_map(|text| text.split_whitespace()) {
            let mut picked =
                self.evaluate(&definition_of(criterion)?).with_context(|| criterion.to_owned())?;
            picked.retain(|id| self.manifest.node(id).is_some());
            if picked.is_empty() {
                bail!("nothing is selected: {criterion} matches no enabled model of the dbt manifest");
            }
            all.extend(picked);
        }
        Ok(all)
    }

    fn method(&self, keys: &Map<String, Value>) -> Result<Ids<'m>> {
        let method = keys.get("method").and_then(Value::as_str).context("a definition without a method")?;
        let value = match keys.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(_) | Value::Number(_)) => keys["value"].to_string(),
            _ => bail!("the method {method} without a value"),
        };
        Ok(match method.split_once('.').map_or(method, |(first, _)| first) {
            "fqn" => {
                let matcher = Fqn::new(&value)?;
                self.models(|node| matcher.matches(node))
            }
            "tag" => {
                let pattern = pattern(&value)?;
                self.models(|node| node.tags.iter().any(|tag| pattern.matches(tag)))
            }
            "package" => self.of_package(&value)?,
            "path" => self.below_path(&value)?,
            "file" => self.of_file(&value)?,
            "resource_type" if value == "model" => self.models(|_| true),
            "config" if method == "config.materialized" => self.models(|node| node.materialized() == value),
            "config" if method == "config.tags" => self.models(|node| node.has_tag(&value)),
            "source" => self.sources(&value)?,
            "selector" => self.of_selectors(&value)?,
            _ => bail!("the method {method}"),
        })
    }

    fn models(&self, wanted: impl Fn(&Node) -> bool) -> Ids<'m> {
        let models = self.manifest.models().filter(|node| wanted(node));
        models.map(|node| node.unique_id.as_str()).collect()
    }

    fn of_package(&self, value: &str) -> Result<Ids<'m>> {
        if value == "this" {
            let root = self.manifest.metadata.project_name.as_deref().context("the package this")?;
            return Ok(self.models(|node| node.package_name == root));
        }
        let pattern = pattern(value)?;
        Ok(self.models(|node| pattern.matches(&node.package_name)))
    }

    fn below_path(&self, value: &str) -> Result<Ids<'m>> {
        let pattern = Pattern::new(value.trim_end_matches('/'))?;
        Ok(self
            .models(|node| Utf8Path::new(&node.path).ancestors().any(|path| pattern.matches(path.as_str()))))
    }

    /// A pattern may match a file's name with or without its extension.
    fn of_file(&self, value: &str) -> Result<Ids<'m>> {
        let pattern = pattern(value)?;
        Ok(self.models(|node| {
            let path = Utf8Path::new(&node.path);
            [path.file_name(), path.file_stem()].into_iter().flatten().any(|name| pattern.matches(name))
        }))
    }

    /// What other selectors select: dbt 1.12 and newer leave the names of these in the dbt manifest.
    fn of_selectors(&self, value: &str) -> Result<Ids<'m>> {
        let pattern = pattern(value)?;
        let mut named = self.manifest.selectors.iter().filter(|(name, _)| pattern.matches(name)).peekable();
        named.peek().with_context(|| format!("the selector {value}"))?;
        named.try_fold(Ids::new(), |all, (name, definition)| {
            if self.open.borrow().contains(&name.as_str()) {
                bail!("the selector {name}, which refers to itself");
            }
            self.open.borrow_mut().push(name);
            let picked = self.evaluate(definition);
            self.open.borrow_mut().pop();
            Ok(&all | &picked?)
        })
    }

    /// Sources that models read, with `unique_id`s of the form `source.package.source.table`.
    fn sources(&self, value: &str) -> Result<Ids<'m>> {
        let wanted: Vec<_> = value.split('.').map(Pattern::new).collect::<Result<_, _>>()?;
        let matches = |id: &&str| {
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
        Ok(self.lineage.read().filter(|id| id.starts_with("source.")).filter(matches).collect())
    }

    /// Adds the parents and children that the definition asks for.
    fn with_relatives(&self, picked: &Ids<'m>, keys: &Map<String, Value>) -> Result<Ids<'m>> {
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
        let picked = || picked.iter().copied();
        let mut all: Ids<'m> = picked().collect();
        if is_set("parents") {
            all.extend(self.lineage.ancestors(picked(), depth("parents_depth")?));
        }
        if is_set("children") {
            all.extend(self.lineage.descendants(picked(), depth("children_depth")?));
        }
        if is_set("childrens_parents") {
            let children = self.lineage.descendants(picked(), usize::MAX);
            all.extend(self.lineage.ancestors(children, usize::MAX));
        }
        Ok(all)
    }
}

fn pattern(value: &str) -> Result<Pattern> {
    Pattern::new(value).with_context(|| format!("the pattern {value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dbt::ReadFor;

    fn manifest() -> Manifest {
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
        let metadata = json!({"dbt_schema_version": "x/manifest/v12.json", "dbt_version": "1.11.1", "project_name": "p"});
        let text = json!({"metadata": metadata, "nodes": nodes}).to_string();
        Manifest::of_text(&text, ReadFor::Checks).expect("a manifest")
    }

    fn picked(definition: &Value) -> Result<String> {
        let manifest = manifest();
        let picked = select_by_definition(&manifest, definition)?;
        let mut names: Vec<_> =
            picked.into_iter().filter_map(|id| manifest.node(id)).map(|node| node.name.as_str()).collect();
        names.sort_unstable();
        Ok(names.join(" "))
    }

    #[test]
    fn definitions_can_refer_to_other_selectors() {
        let mut manifest = manifest();
        let refers = |name: &str| json!({"method": "selector", "value": name});
        manifest.selectors = [
            ("daily".to_owned(), json!({"union": [{"method": "tag", "value": "daily"}]})),
            ("nested".to_owned(), json!({"union": [refers("daily"), {"method": "fqn", "value": "e"}]})),
            ("loop".to_owned(), refers("loop")),
        ]
        .into();
        let picked = |definition: &Value| {
            let picked = select_by_definition(&manifest, definition).map_err(|error| error.to_string())?;
            let mut names: Vec<_> = picked.into_iter().filter_map(|id| id.rsplit('.').next()).collect();
            names.sort_unstable();
            Ok(names.join(" "))
        };
        assert_eq!(picked(&refers("nested")), Ok("a d e".to_owned()));
        assert_eq!(picked(&refers("d*y")), Ok("a d".to_owned()));
        let children = json!({"method": "selector", "value": "daily", "children": true, "children_depth": 1});
        assert_eq!(picked(&children), Ok("a b c d".to_owned()));
        assert_eq!(picked(&refers("loop")), Err("the selector loop, which refers to itself".to_owned()));
        assert_eq!(picked(&refers("nope")), Err("the selector nope".to_owned()));
    }

    #[test]
    fn definitions_select_what_dbt_selects() {
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
    fn names_what_needs_more_than_the_dbt_manifest() {
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

    #[test]
    fn other_children_of_an_ancestor_are_not_selected() {
        let mut manifest = json!({"metadata": {"dbt_schema_version": "x/manifest/v12.json",
            "dbt_version": "1.11.1", "project_name": "p"}, "nodes": {}});
        for (name, parents) in [("x", json!([])), ("y", json!(["model.p.x"])), ("z", json!(["model.p.x"]))] {
            manifest["nodes"][format!("model.p.{name}")] = json!({"resource_type": "model", "package_name": "p", "name": name,
                "fqn": ["p", name], "depends_on": {"nodes": parents}});
        }
        let manifest = Manifest::of_text(&manifest.to_string(), ReadFor::Checks).expect("a manifest");
        let picked = select_by_criteria(&manifest, &["+y+".to_owned()], &[]).expect("a selection");
        assert_eq!(picked.into_iter().collect::<Vec<_>>(), ["model.p.x", "model.p.y"]);
    }

    #[test]
    fn criteria_select_what_dbt_selects() {
        let manifest = manifest();
        let picked = |select: &str, exclude: &str| {
            let texts =
                |text: &str| text.split(';').filter(|text| !text.is_empty()).map(str::to_owned).collect();
            let (select, exclude): (Vec<_>, Vec<_>) = (texts(select), texts(exclude));
            let picked =
                select_by_criteria(&manifest, &select, &exclude).map_err(|error| format!("{error:#}"))?;
            let nodes = picked.iter().filter_map(|id| manifest.node(id));
            Ok(nodes.map(|node| node.name.as_str()).collect::<Vec<_>>().join(" "))
        };
        for (select, exclude, expected) in [
            ("", "", "a b c dim e d"),
            ("", "tag:daily", "b c dim e"),
            ("a", "", "a"),
            ("a;b", "", "a b"),
            ("a b", "b", "a"),
            // As dbt does, a name also stands for a package or a folder, and a tag can be a pattern.
            ("stg", "", "a b"),
            ("q", "", "d"),
            ("tag:*ly", "", "a c d"),
            ("package:this", "d", "a b c dim e"),
            ("+c", "", "a b c d"),
            ("c+", "", "c e"),
            // A snapshot stands between these two.
            ("+e", "a", "b c e d"),
            ("+b+", "", "a b c e"),
        ] {
            assert_eq!(
                picked(select, exclude),
                Ok::<_, String>(expected.to_owned()),
                "{select}, not {exclude}"
            );
        }
        for (select, exclude, expected) in [
            ("nope", "", "nothing is selected: nope matches no enabled model of the dbt manifest"),
            ("a", "a", "nothing is selected"),
            ("state:modified", "", "state:modified: without a connection, only names"),
            ("a", "@b", "@b: without a connection, only names"),
        ] {
            let error = picked(select, exclude).expect_err(select);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
