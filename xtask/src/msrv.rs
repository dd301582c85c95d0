//! The oldest Rust that Cargo.toml declares: do the dependencies, and the code itself, work with it?

use std::cmp::Ordering;

use anyhow::{Context, Result, bail};
use duct::cmd;
use serde::Deserialize;

use crate::paths;

/// What `cargo metadata` says.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    rust_version: Option<String>,
}

/// Checks the dependencies, then the code as far as the machine allows.
pub fn run() -> Result<()> {
    let metadata = cmd!(paths::cargo(), "metadata", "--locked", "--format-version", "1")
        .dir(paths::root())
        .read()
        .context("cannot list the dependencies")?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("cargo metadata wrote no JSON")?;
    let ours = declared(&metadata)?;
    let newer = newer_than(ours, &metadata.packages);
    if !newer.is_empty() {
        bail!(
            "Cargo.toml declares Rust {ours}, but these dependencies need a newer one:\n{}",
            newer.join("\n")
        );
    }
    eprintln!("all {} dependencies allow Rust {ours}", metadata.packages.len());
    compile(ours)
}

fn declared(metadata: &Metadata) -> Result<&str> {
    let member = |package: &&Package| metadata.workspace_members.contains(&package.id);
    let version = metadata.packages.iter().find(member).and_then(|package| package.rust_version.as_deref());
    version.context("Cargo.toml declares no rust-version")
}

fn newer_than(ours: &str, packages: &[Package]) -> Vec<String> {
    let newer = packages.iter().filter_map(|package| {
        let theirs = package.rust_version.as_deref()?;
        let is_newer = compare(theirs, ours) == Ordering::Greater;
        is_newer.then(|| format!("  {} {}: Rust {theirs}", package.name, package.version))
    });
    newer.collect()
}

/// Compares versions by their numbers; a number that is left out is 0.
fn compare(one: &str, other: &str) -> Ordering {
    let numbers = |version: &str| {
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        [(); 3].map(|()| numbers.next().unwrap_or(0))
    };
    numbers(one).cmp(&numbers(other))
}

/// Compiles the workspace with that toolchain, if rustup has it; none is downloaded here.
fn compile(version: &str) -> Result<()> {
    let installed = cmd!("rustup", "toolchain", "list").stderr_null().read().unwrap_or_default();
    let Some(toolchain) = installed.split_whitespace().find(|name| is_toolchain(name, version)) else {
        eprintln!(
            "Rust {version} is not installed, so nothing was compiled with it. \
             Clippy's incompatible_msrv still denies what is newer in the standard library"
        );
        return Ok(());
    };
    cmd!("rustup", "run", toolchain, "cargo", "check", "--quiet", "--locked", "--workspace", "--all-targets")
        .dir(paths::root())
        // Another compiler would rebuild everything in the usual folder.
        .env("CARGO_TARGET_DIR", paths::work().join("msrv"))
        .run()
        .with_context(|| format!("the code does not compile with Rust {version}"))?;
    Ok(())
}

/// `1.89.0-x86_64-unknown-linux-gnu` is a toolchain of 1.89.
fn is_toolchain(name: &str, version: &str) -> bool {
    name.split('-').next().is_some_and(|number| {
        number.starts_with(|first: char| first.is_ascii_digit())
            && compare(number, version) == Ordering::Equal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (one, other, expected) in [
            ("1.89", "1.89.0", Ordering::Equal),
            ("1.100", "1.89", Ordering::Greater),
            ("1.89.1", "1.89", Ordering::Greater),
            ("1.9", "1.89", Ordering::Less),
        ] {
            assert_eq!(compare(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn dependencies_that_need_a_newer_rust_are_named() {
        let package = |name: &str, rust_version: Option<&str>| Package {
            id: name.into(),
            name: name.into(),
            version: "1.2.3".into(),
            rust_version: rust_version.map(str::to_owned),
        };
        let packages = [package("old", Some("1.56")), package("silent", None), package("new", Some("1.90"))];
        assert_eq!(newer_than("1.89", &packages), ["  new 1.2.3: Rust 1.90"]);
    }

    #[test]
    fn toolchains_are_known_by_their_version() {
        assert!(is_toolchain("1.89.0-x86_64-unknown-linux-gnu", "1.89"));
        assert!(!is_toolchain("stable-x86_64-unknown-linux-gnu", "1.89"));
        assert!(!is_toolchain("1.95.0-x86_64-unknown-linux-gnu", "1.89"));
    }
}
