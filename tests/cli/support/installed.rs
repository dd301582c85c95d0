//! This tool as Python people install it: a wheel, in a virtual environment beside dbt.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::environment::{PACKAGING, PREVIOUS};
use super::output::Output;

/// The wheel of this checkout, built by pip through the build backend.
pub struct Wheel {
    folder: TempDir,
}

impl Wheel {
    /// Builds it; what cargo compiles is kept for the next time.
    pub fn build() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut pip = Command::new(PACKAGING.program("python"));
        pip.args([
            "-m",
            "pip",
            "wheel",
            "--no-build-isolation",
            "--no-deps",
            "--no-cache-dir",
            "--wheel-dir",
        ])
        .arg(folder.path())
        .arg(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path_with(&bin_of(&PACKAGING.program("python"))));
        building(&mut pip).success();
        Self { folder }
    }

    /// Its file.
    pub fn file(&self) -> PathBuf {
        let mut files =
            fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        files.find(|path| path.extension().is_some_and(|ending| ending == "whl")).expect("a wheel")
    }
}

/// Runs a command that builds the wheel: quickly, in a place of its own, with what `cargo xtask` downloaded,
/// and one at a time, as all of them put the program at the same path.
pub fn building(command: &mut Command) -> Output {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging");
    fs::create_dir_all(&place).expect("a folder");
    let lock = File::create(place.join("one-at-a-time")).expect("a file");
    lock.lock().expect("a lock");
    let wheels = bin_of(&PACKAGING.program("python")).join("../wheels");
    command
        .env("CARGO_TARGET_DIR", place)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("MATURIN_PEP517_ARGS", "--profile dev")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", wheels);
    Output::from(command.output().expect("a program"))
}

/// A fresh virtual environment with dbt in it.
pub struct Environment {
    folder: TempDir,
}

impl Environment {
    pub fn with_dbt() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Self { folder };
        // pip looks for what is missing: in that of dbt 1.12, its parser is, which cannot be had everywhere.
        let python = PREVIOUS.program("python");
        let root = environment.folder.path();
        Output::from(Command::new(&python).args(["-m", "venv"]).arg(root).output().expect("python"))
            .success();
        // Installing dbt anew would take minutes: its packages are those of the environment that all tests
        // use.
        let code = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let packages = |python: &Path| {
            let output = Output::from(Command::new(python).args(["-c", code]).output().expect("python"));
            output.success().stdout.trim().to_owned()
        };
        let own = packages(&environment.program("python"));
        fs::write(Path::new(&own).join("dbt.pth"), packages(&python)).expect("written");
        let script =
            format!("#!{}\nfrom dbt.cli.main import cli\ncli()\n", environment.program("python").display());
        fs::write(environment.program("dbt"), script).expect("written");
        fs::set_permissions(environment.program("dbt"), fs::Permissions::from_mode(0o755))
            .expect("executable");
        environment
    }

    /// The same with this tool.
    pub fn with_tool(wheel: &Wheel) -> Self {
        let environment = Self::with_dbt();
        let mut pip = Command::new(environment.program("python"));
        pip.args(["-m", "pip", "install", "--no-index", "--no-deps"]).arg(wheel.file());
        Output::from(pip.output().expect("pip")).success();
        environment
    }

    /// A program of it.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.path().join("bin").join(name)
    }

    /// The `PATH` of a shell in which it is activated.
    pub fn path(&self) -> String {
        path_with(&self.folder.path().join("bin"))
    }
}

/// The `PATH` with a folder before all others.
pub fn path_with(bin: &Path) -> String {
    format!("{}:{}", bin.display(), std::env::var("PATH").expect("a PATH"))
}

fn bin_of(program: &Path) -> PathBuf {
    program.parent().expect("a folder").to_owned()
}
