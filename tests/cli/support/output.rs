//! What a program did, in a form that can be compared as a whole.

use std::fmt;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// No command of a test takes this long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Exit code and both outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<process::Output> for Output {
    fn from(output: process::Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let signal = || -output.status.signal().expect("a code or a signal");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code().unwrap_or_else(signal),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code: {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Output {
    /// Runs a command to its end. One that hangs is killed, so that its test fails.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
        let id = Pid::from_raw(process.id().try_into().expect("a process"));
        let (ended, end) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || {
            let hangs = end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
            if hangs {
                let _ = kill(id, Signal::SIGKILL);
            }
            hangs
        });
        let output = Self::from(process.wait_with_output().expect("an end"));
        drop(ended);
        assert!(!watchdog.join().expect("a watchdog"), "killed after {PATIENCE:?}: {command:?}\n{output}");
        output
    }

    /// Panics with everything unless the program ended well.
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// The lines of stdout as JSON.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}
