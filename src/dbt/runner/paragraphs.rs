//! The errors among what dbt 2 says at the end of a call that prints text.
//!
//! It collects warnings and errors below one heading, and warns of Snowplow's tables at every call.

use crate::dbt::artifacts::log::without_level;

/// What stands in the heading.
const HEADING: &str = "= Errors and Warnings =";

const ERROR: &str = "[error] [";
const WARNING: &str = "[warning] [";

/// The errors below the heading, without the warnings there and without what stands before it. All lines if there
/// is no such heading, or no error below it.
#[must_use]
pub fn only_errors<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let Some(heading) = lines.iter().position(|line| line.contains(HEADING)) else { return lines.to_vec() };
    let mut is_error = false;
    let below = lines[heading + 1..].iter().filter(|line| {
        if line.starts_with(ERROR) || line.starts_with(WARNING) {
            is_error = line.starts_with(ERROR);
        }
        is_error
    });
    let errors: Vec<_> = below.map(|line| without_level(line)).collect();
    if errors.is_empty() { lines.to_vec() } else { errors }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_is_no_error() {
        let said = "suggestion: Run 'dbt deps'\n\n====== Errors and Warnings ======\n[warning] [JinjaWarn (dbt1071)]: Snowplow \
                    Warning\n  --> macros/a.sql:1:1\n[error] [UnusedConfigKey (dbt1060)]: Ignored unexpected key\n  --> \
                    models/a.sql:1:1\n[warning] [Other (dbt1)]: more\nand more";
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(only_errors(&lines), ["Ignored unexpected key", "  --> models/a.sql:1:1"]);
        for other in ["just text", "== Errors and Warnings ==\n[warning] [A (dbt1)]: a"] {
            let lines: Vec<_> = other.lines().collect();
            assert_eq!(only_errors(&lines), lines);
        }
    }
}
