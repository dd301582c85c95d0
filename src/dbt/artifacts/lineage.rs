//! Which models are built from which: the one walk over a dbt manifest.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::iter;

use super::manifest::{Manifest, Node};

/// The models of a dbt manifest with their parents and their children. Snapshots and functions connect models,
/// too.
#[derive(Debug)]
pub struct Lineage<'m> {
    manifest: &'m Manifest,
    children: HashMap<&'m str, Vec<&'m str>>,
}

impl<'m> Lineage<'m> {
    /// Looks up the children of everything that a model, a snapshot or a function reads.
    #[must_use]
    pub fn of(manifest: &'m Manifest) -> Self {
        let models = manifest.models().map(|node| (node.unique_id.as_str(), node.parents.as_slice()));
        let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
        for (id, parents) in models.chain(manifest.connections()) {
            for parent in parents {
                children.entry(parent).or_default().push(id);
            }
        }
        Self { manifest, children }
    }

    /// What a model, a snapshot or a function reads; the `unique_id` of anything that dbt knows.
    pub fn parents(&self, id: &str) -> impl Iterator<Item = &'m str> + use<'m> {
        self.manifest.parents(id).into_iter().flatten().map(String::as_str)
    }

    /// What reads it; models, snapshots and functions.
    pub fn children(&self, id: &str) -> impl Iterator<Item = &'m str> {
        self.children.get(id).into_iter().flatten().copied()
    }

    /// All that some model, snapshot or function reads, in no order.
    pub fn read(&self) -> impl Iterator<Item = &'m str> {
        self.children.keys().copied()
    }

    /// These and all that they are built from, up to so many steps away.
    pub fn ancestors(
        &self,
        of: impl IntoIterator<Item = &'m str>,
        depth: usize,
    ) -> impl Iterator<Item = &'m str> {
        within(walk(of, |id| self.parents(id)), depth)
    }

    /// These and all that is built from them, up to so many steps away.
    pub fn descendants(
        &self,
        of: impl IntoIterator<Item = &'m str>,
        depth: usize,
    ) -> impl Iterator<Item = &'m str> {
        within(walk(of, |id| self.children(id)), depth)
    }

    /// The models that descend from `top` and that one of `ends` descends from, in the order of their
    /// `unique_id`.
    ///
    /// It holds neither `top` nor any of `ends` that no other one of them descends from.
    #[must_use]
    pub fn between(&self, top: &'m str, ends: &[&'m Node]) -> Vec<&'m Node> {
        self.ids_between(top, ends).into_iter().filter_map(|id| self.manifest.node(id)).collect()
    }

    /// The `unique_id` of the snapshots that descend from `top` and that one of `ends` descends from.
    #[must_use]
    pub fn snapshots_between(&self, top: &'m str, ends: &[&'m Node]) -> Vec<&'m str> {
        let is_snapshot = |id: &&str| self.manifest.snapshots.contains_key(*id);
        self.ids_between(top, ends).into_iter().filter(is_snapshot).collect()
    }

    fn ids_between(&self, top: &'m str, ends: &[&'m Node]) -> BTreeSet<&'m str> {
        let parents = ends.iter().flat_map(|node| self.parents(&node.unique_id));
        let above: HashSet<_> = self.ancestors(parents, usize::MAX).collect();
        let below = self.descendants(self.children(top), usize::MAX);
        below.filter(|id| above.contains(id)).collect()
    }
}

impl Manifest {
    /// The `unique_id` of these macros and of all that they call.
    pub fn macros_called<'m>(
        &'m self,
        macros: impl IntoIterator<Item = &'m str>,
    ) -> impl Iterator<Item = &'m str> {
        let calls = |id: &str| {
            let calls = self.macros.get(id).map(|called| &called.calls);
            calls.into_iter().flatten().map(String::as_str)
        };
        walk(macros, calls).map(|(id, _)| id)
    }
}

/// All that `next` leads to: `start` itself, then the nearest first, each once, with the number of steps.
pub fn walk<'a, N: IntoIterator<Item = &'a str>>(
    start: impl IntoIterator<Item = &'a str>,
    next: impl Fn(&'a str) -> N,
) -> impl Iterator<Item = (&'a str, usize)> {
    let mut seen = HashSet::new();
    let mut open: VecDeque<_> = start.into_iter().filter(|id| seen.insert(*id)).map(|id| (id, 0)).collect();
    iter::from_fn(move || {
        let (id, steps) = open.pop_front()?;
        open.extend(next(id).into_iter().filter(|id| seen.insert(*id)).map(|id| (id, steps + 1)));
        Some((id, steps))
    })
}

fn within<'a>(walked: impl Iterator<Item = (&'a str, usize)>, depth: usize) -> impl Iterator<Item = &'a str> {
    walked.take_while(move |(_, steps)| *steps <= depth).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `limits` → `events` → `a` → (snapshot) → `b` → `end`; `events` → (function) → `beside`.
    fn manifest() -> Manifest {
        let model = |(id, parents): (&str, &[&str])| {
            let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
            (id.to_owned(), Node { unique_id: id.to_owned(), parents, ..Node::default() })
        };
        let models: [(&str, &[&str]); 6] = [
            ("limits", &["source.events"]),
            ("events", &["limits"]),
            ("a", &["events"]),
            ("b", &["snapshot.s"]),
            ("end", &["b", "a"]),
            ("beside", &["function.f"]),
        ];
        Manifest {
            nodes: models.into_iter().map(model).collect(),
            snapshots: [("snapshot.s".to_owned(), vec!["a".to_owned()])].into(),
            functions: [("function.f".to_owned(), vec!["events".to_owned()])].into(),
            ..Manifest::default()
        }
    }

    #[test]
    fn models_are_connected_through_snapshots() {
        let manifest = manifest();
        let lineage = Lineage::of(&manifest);
        let between = lineage.between("limits", &[manifest.node("end").expect("the end")]);
        let between: Vec<_> = between.into_iter().map(|node| node.unique_id.as_str()).collect();
        assert_eq!(between, ["a", "b", "events"]);
        let ends = |id: &str| [manifest.node(id).expect("a model")];
        assert_eq!(lineage.snapshots_between("limits", &ends("end")), ["snapshot.s"]);
        assert!(lineage.snapshots_between("limits", &ends("a")).is_empty());
    }

    #[test]
    fn models_are_connected_through_functions() {
        let manifest = manifest();
        let lineage = Lineage::of(&manifest);
        let ends = [manifest.node("beside").expect("a model")];
        let between: Vec<_> =
            lineage.between("limits", &ends).into_iter().map(|node| &node.unique_id).collect();
        assert_eq!(between, ["events"]);
        // A function keeps nothing from run to run.
        assert!(lineage.snapshots_between("limits", &ends).is_empty());
        assert_eq!(
            lineage.descendants(["function.f"], usize::MAX).collect::<Vec<_>>(),
            ["function.f", "beside"]
        );
    }

    #[test]
    fn walks_as_far_as_asked() {
        let manifest = manifest();
        let lineage = Lineage::of(&manifest);
        assert_eq!(lineage.ancestors(["end"], 1).collect::<Vec<_>>(), ["end", "b", "a"]);
        let all: BTreeSet<_> = lineage.ancestors(["b"], usize::MAX).collect();
        assert_eq!(all, BTreeSet::from(["b", "snapshot.s", "a", "events", "limits", "source.events"]));
        assert_eq!(lineage.descendants(["b", "end"], 5).collect::<Vec<_>>(), ["b", "end"]);
    }
}
