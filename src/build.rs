//! The build script: hands to the compiler what a bug report wants to know about the build, and the list of
//! the SQL templates.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Where the SQL templates are, each in the folder of a warehouse or in the one for all.
const TEMPLATES: &str = "src/promote/templates";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed={TEMPLATES}");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let compiler = Command::new(variable("RUSTC")).arg("--version").output();
    let compiler = compiler.map_or_else(
        |_| "an unknown compiler".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    println!("cargo::rustc-env=BUILD_COMPILER={compiler}");
    println!("cargo::rustc-env=BUILD_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=BUILD_PROFILE={}", variable("PROFILE"));
    fs::write(Path::new(&variable("OUT_DIR")).join("templates.rs"), template_list()?)
}

/// An array of paths and texts, as Rust code. A template is in the binary by being in the folder.
fn template_list() -> io::Result<String> {
    let mut files = Vec::new();
    find(Path::new(TEMPLATES), &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(TEMPLATES).map_err(io::Error::other)?.display().to_string();
        // The compiler puts the folder before it: a build folder can outlive the one that it was made for.
        let path = format!("/{}", file.display());
        let _ =
            writeln!(list, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),");
    }
    list.push(']');
    Ok(list)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(())
}
