//! Sees in tests which templates are rendered, and that they ask for nothing that they are not given.

use std::cell::RefCell;
use std::collections::BTreeSet;

use minijinja::{Environment, Value};

use super::environment;
use crate::warehouse::Dialect;

thread_local! {
    static RENDERED: RefCell<BTreeSet<(&'static str, &'static str)>> = const { RefCell::new(BTreeSet::new()) };
}

/// Which templates this thread has rendered for nobody: those of one warehouse, or of all.
pub fn not_rendered() -> Vec<&'static str> {
    let is_rendered = |path: &str| {
        let of_one = Dialect::ALL.map(Dialect::adapter).into_iter().find(|it| path.starts_with(it));
        let is_its = |adapter| of_one.is_none_or(|it| it == adapter);
        RENDERED.with_borrow(|all| all.iter().any(|(adapter, other)| *other == path && is_its(*adapter)))
    };
    environment::all_paths().filter(|path| !is_rendered(path)).collect()
}

/// Rendering alone would not find a name that is missing where a condition does not hold.
pub(super) fn note(environment: &Environment<'_>, dialect: Dialect, path: &'static str, context: &Value) {
    if !RENDERED.with_borrow_mut(|rendered| rendered.insert((dialect.adapter(), path))) {
        return;
    }
    let template = environment.get_template(path).expect("found");
    for name in template.undeclared_variables(true) {
        let mut value = context.clone();
        for part in name.split('.') {
            // What is none has no parts.
            if value.is_none() {
                break;
            }
            value = value.get_attr(part).expect("a value with attributes");
            assert!(!value.is_undefined(), "{path} asks for {name}, which {dialect} does not give it");
        }
    }
}
