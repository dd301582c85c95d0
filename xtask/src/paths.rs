//! The folders of the workspace.

use camino::{Utf8Path, Utf8PathBuf};

/// The workspace's folder.
pub fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// Where chores keep what they make. The tests look there, too.
pub fn work() -> Utf8PathBuf {
    let target =
        std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), |dir| root().join(dir));
    target.join("xtask")
}
