//! Suggests names for mistyped ones.

/// Shorter texts are part of too many names.
const SHORTEST_PART: usize = 4;

/// The most similar of the names, if one is similar enough.
///
/// Names that contain the text come first. The others are measured as clap does for its suggestions.
pub fn similar<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let is_part = |name: &str| written.len() >= SHORTEST_PART && name.contains(written);
    names
        .into_iter()
        .map(|name| (is_part(name), strsim::jaro(written, name), name))
        .filter(|(is_part, likeness, _)| *is_part || *likeness > 0.7)
        .max_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)))
        .map(|(_, _, name)| name)
}

/// The end of an error message, such as ": did you mean `limit_days`?"; empty if no name is similar enough.
pub fn question<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    similar(written, names).map_or(String::new(), |name| format!(": did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_most_similar_name_or_none() {
        let names = ["limit_days", "max_limit_days", "target"];
        assert_eq!(similar("limit_day", names), Some("limit_days"));
        assert_eq!(similar("tarjet", names), Some("target"));
        assert_eq!(similar("_limit", names), Some("max_limit_days"), "a name that contains it comes first");
        assert_eq!(similar("zzz", names), None);
        assert_eq!(question("zzz", names), "");
    }
}
