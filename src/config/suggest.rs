//! What may have been meant.

/// The most similar of the names, if one is similar: by the measure and threshold of clap's own suggestions.
pub(crate) fn similar<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::jaro(written, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// `: did you mean limit_days?`, or nothing.
pub(super) fn question<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
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
        assert_eq!(similar("zzz", names), None);
        assert_eq!(question("zzz", names), "");
    }
}
