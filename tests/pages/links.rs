//! Links of the pages lead to files and headings that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::read;

/// All pages: those at the root, and those beside the code.
fn pages() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = below(root, root);
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        pages.extend(below(&folder, root));
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    pages.sort();
    pages
}

/// The pages in a folder, by their paths from the root.
fn below(folder: &Path, root: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let pages = entries.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let relative =
        |path: PathBuf| path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_owned();
    pages.map(relative).collect()
}

/// The names by which the headings of a page can be linked to.
fn anchors(page: &str) -> BTreeSet<String> {
    let text = read(page);
    let mut in_code = false;
    let headings = text.lines().filter(|line| {
        in_code ^= line.starts_with("```");
        !in_code && line.starts_with('#')
    });
    headings
        .map(|heading| {
            let title = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// A link's file from the repository's root, and its heading.
fn target(page: &str, link: &str) -> (String, Option<String>) {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let folder = Path::new(page).parent().expect("a folder");
    let mut parts: Vec<&str> = folder.iter().map(|part| part.to_str().expect("UTF-8")).collect();
    for part in file.split('/').filter(|part| !part.is_empty()) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let file = if file.is_empty() { page.to_owned() } else { parts.join("/") };
    (file, anchor.map(str::to_owned))
}

#[test]
fn lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    for page in pages() {
        for found in link.captures_iter(&read(&page)) {
            let link = &found[1];
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = target(&page, link);
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            assert!(path.exists(), "{page}: {link} leads to no file");
            if let Some(anchor) = anchor {
                assert!(anchors(&file).contains(&anchor), "{page}: {link} leads to no heading");
            }
        }
    }
}

#[test]
fn lead_from_the_readme_to_every_page() {
    let readme = read("README.md");
    for page in pages().iter().filter(|page| *page != "README.md") {
        assert!(readme.contains(&format!("]({page}")), "the README has no link to {page}");
    }
}

#[test]
fn the_readme_is_short_enough_to_be_read() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 250, "{lines} lines: move reference parts to the pages beside the code");
}

#[test]
fn contributing_names_only_files_that_exist() {
    let named = Regex::new(r"`((?:src|tests|fixtures|xtask|\.ci)/[^`<>]*|[a-z]+\.toml)`").expect("a pattern");
    let text = read("CONTRIBUTING.md");
    let paths: BTreeSet<_> = named.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing: Vec<_> = paths.iter().filter(|path| !root.join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
