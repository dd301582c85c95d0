//! Windows that follow one column while the hook records another one. They can skip events, or never move on.

use crate::dbt::{Argument, MacroCall, holds_jinja};
use crate::snowplow::values::SESSION_TIMESTAMP;

/// The column of the windows if the var is not set.
const DEFAULT: &str = "collector_tstamp";

/// The column that the hook's macro records if the var is not set.
const DEFAULT_OF_MACRO: &str = "load_tstamp";

/// What a hook records, where that is not what the windows follow.
#[derive(Debug, PartialEq, Eq)]
pub struct HookClock<'c> {
    pub of_windows: String,
    pub of_hook: String,
    /// The hook's session_timestamp.
    pub argument: Option<&'c Argument>,
}

impl HookClock<'_> {
    /// Why the hook records another column, and what to do. `caller` is the dbt package that calls the hook.
    #[must_use]
    pub fn explained(&self, caller: &str) -> (String, String) {
        let Self { of_windows, of_hook, argument } = self;
        match argument {
            Some(Argument::Var { name, .. }) if name != SESSION_TIMESTAMP => (
                format!("it reads the var {name}"),
                format!("Set {name} to {of_windows} too, or change {SESSION_TIMESTAMP} back to {of_hook}"),
            ),
            Some(Argument::Var { .. }) => (
                format!("this var has another value in {caller}, which calls the hook"),
                format!("Set {SESSION_TIMESTAMP} to the same value for all packages"),
            ),
            Some(_) => ("that is its session_timestamp".to_owned(), pass_the_var()),
            None => ("it gets no session_timestamp".to_owned(), pass_the_var()),
        }
    }
}

/// What a hook of the session family records, if that is known and not what the windows follow.
///
/// `set` is the package's value of the var, if it has one, `in_hook` finds vars as the hook sees them, and
/// `is_fixed` says that the hook's macro is so old that it always records the same column.
#[must_use]
pub fn mixed_clocks(
    call: &MacroCall,
    set: Option<String>,
    in_hook: impl Fn(&str) -> Option<String>,
    is_fixed: bool,
) -> Option<HookClock<'_>> {
    let argument = call.argument(3, "session_timestamp");
    let of_hook = recorded_by(argument, set.is_some(), in_hook, is_fixed)?;
    let of_windows = set.unwrap_or_else(|| DEFAULT.to_owned());
    let is_known = ![&of_hook, &of_windows].into_iter().any(|column| holds_jinja(column));
    (of_hook != of_windows && is_known).then_some(HookClock { of_windows, of_hook, argument })
}

/// The column that a hook records; none if it is unknown, or if only the models can tell which column
/// the windows follow.
fn recorded_by(
    argument: Option<&Argument>,
    is_set: bool,
    in_hook: impl Fn(&str) -> Option<String>,
    is_fixed: bool,
) -> Option<String> {
    match argument {
        Some(Argument::Text(column)) => is_set.then(|| column.clone()),
        None if is_fixed => is_set.then(|| DEFAULT.to_owned()),
        None if is_set => Some(in_hook(SESSION_TIMESTAMP).unwrap_or_else(|| DEFAULT_OF_MACRO.to_owned())),
        Some(Argument::Var { name, default }) => {
            let default = match default.as_deref() {
                Some(Argument::Text(default)) => default,
                Some(_) => return None,
                None => DEFAULT,
            };
            let says_something = name != SESSION_TIMESTAMP || is_set;
            says_something.then(|| in_hook(name).unwrap_or_else(|| default.to_owned()))
        }
        None | Some(Argument::Other) => None,
    }
}

fn pass_the_var() -> String {
    format!(
        "Pass session_timestamp=var('{SESSION_TIMESTAMP}') to the hook, and set that var to the same value for all \
         packages"
    )
}
