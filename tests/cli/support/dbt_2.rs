//! The stand-in for dbt 2, in a copy of the fixture project.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use super::environment::{NEW, fixtures, support};
use super::fake::FakeDbt;

/// What happens in it, as `stand_in.py` describes it.
pub fn dbt_2(script: &Value) -> FakeDbt {
    let fake = FakeDbt::new(script);
    copy(&fixtures().join("project"), &fake.path(""));
    fs::create_dir(fake.path("dbt_packages")).expect("a folder");
    for package in fs::read_dir(fixtures().join("packages")).expect("packages") {
        let package = package.expect("a package");
        let link = fake.path("dbt_packages").join(package.file_name());
        symlink(package.path(), link).expect("a link");
    }
    on_dbt_2(fake)
}

/// The same project and replies on dbt 2.
pub fn on_dbt_2(fake: FakeDbt) -> FakeDbt {
    let code = fs::read_to_string(support("stand_in.py")).expect("the stand-in");
    let code = code.replace("@FIXTURES@", fixtures().to_str().expect("UTF-8"));
    fs::write(fake.path("dbt"), format!("#!{} -SE\n{code}", NEW.program("python").display()))
        .expect("written");
    fs::set_permissions(fake.path("dbt"), fs::Permissions::from_mode(0o755)).expect("executable");
    fake
}

/// A reply that is a recording.
pub fn recording(name: &str) -> Value {
    json!({"recording": name})
}

/// What dbt 2 was warned of: options that it does not want.
pub fn warned(fake: &FakeDbt) -> String {
    fs::read_to_string(fake.path("script.warned")).unwrap_or_default()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        let copied = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&copied).expect("a folder");
            copy(&entry.path(), &copied);
        } else {
            fs::copy(entry.path(), copied).expect("a copy");
        }
    }
}
