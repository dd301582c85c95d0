//! Starting dbt, reading what it prints as it prints it, and ending it. The only user of duct.

use std::io::{self, BufRead, BufReader, PipeReader};
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use camino::Utf8Path;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::interrupt::Interrupt;
use super::program::Program;
use crate::dbt::Hidden;

/// How long the loop waits for a line before it looks for signals and for dbt's end.
const POLL: Duration = Duration::from_millis(50);

/// How long to wait for another line after dbt has ended: the last ones may still be on their way.
const GRACE: Duration = Duration::from_secs(5);

/// A process to start.
#[derive(Debug)]
pub struct ProcessCommand<'a> {
    /// How dbt is started.
    pub program: &'a Program,
    pub arguments: &'a [String],
    /// The working directory: dbt looks for profiles.yml there, and relative database paths start there.
    pub directory: &'a Utf8Path,
    /// Environment variables to set for this process alone.
    pub variables: &'a [(&'static str, String)],
    /// Environment variables of this process that dbt must not see.
    pub hidden: &'a Hidden,
}

/// One line that dbt printed, without its line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Out(String),
    Err(String),
}

impl Line {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Out(text) | Self::Err(text) => text,
        }
    }
}

/// The text of lines, first of stdout and then of stderr: as they come, the two may interrupt each other.
pub(super) fn one_after_the_other(lines: Vec<Line>) -> Vec<String> {
    let (out, err): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| matches!(line, Line::Out(_)));
    out.into_iter().chain(err).map(Line::into_text).collect()
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this exit code.
    Code(i32),
    /// By the signal with this number.
    Signal(i32),
}

impl Exit {
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A process that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The exit code or the signal.
    pub exit: Exit,
    /// Wall time from the start to the last line.
    pub took: Duration,
}

/// Runs a process to its end and hands over its lines as they come.
///
/// The first signal of `interrupt` is passed on as SIGINT, because only then does dbt cancel its statement on
/// the server: SIGTERM would leave it running there. The second signal kills. Both go to the process's own
/// group. So they reach a wrapper such as `uv run dbt` and everything that it started, and a Ctrl-C on the
/// terminal reaches dbt only once.
///
/// # Errors
/// The process cannot be started.
pub fn run(
    command: &ProcessCommand<'_>,
    interrupt: &Interrupt,
    mut on_line: impl FnMut(Line),
) -> Result<Ended> {
    let started = Instant::now();
    let (handle, lines) = start(command)?;
    let mut passed_on = 0;
    let status = loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => on_line(line),
            Err(RecvTimeoutError::Disconnected) => {
                break handle.wait().context("cannot wait for dbt")?.status;
            }
            // A grandchild may keep the pipes open after dbt has ended.
            Err(RecvTimeoutError::Timeout) => {
                if let Some(output) = handle.try_wait().context("cannot wait for dbt")? {
                    break output.status;
                }
            }
        }
        pass_on(interrupt, &handle, &mut passed_on);
    };
    last_lines(&lines, on_line);
    Ok(Ended { exit: exit_of(status), took: started.elapsed() })
}

/// Starts a process. The channel yields its lines, and closes once no process holds the pipes open any more.
fn start(command: &ProcessCommand<'_>) -> Result<(duct::Handle, Receiver<Line>)> {
    let (output, errors) = (pipe()?, pipe()?);
    let mut expression = duct::cmd(
        command.program.executable(),
        command.program.leading_arguments().iter().chain(command.arguments),
    )
    .dir(command.directory)
    .stdin_null()
    .stdout_file(output.writer)
    .stderr_file(errors.writer)
    .unchecked()
    .before_spawn(own_group);
    for (name, value) in command.variables {
        expression = expression.env(name, value);
    }
    for name in command.hidden.removed() {
        expression = expression.env_remove(name);
    }
    // What was set first takes precedence: the variables of this call.
    for (name, value) in command.hidden.set() {
        expression = expression.env(name, value);
    }
    let handle = expression.start().map_err(|error| cannot_start(command.program, &error))?;
    // The expression holds the writing ends of the pipes. The readers see no end until it is dropped.
    drop(expression);

    let (sender, lines) = mpsc::channel();
    read_lines(output.reader, Line::Out, sender.clone());
    read_lines(errors.reader, Line::Err, sender);
    Ok((handle, lines))
}

/// Passes on the signals that came since the last look; `passed_on` counts them.
fn pass_on(interrupt: &Interrupt, handle: &duct::Handle, passed_on: &mut usize) {
    while *passed_on < interrupt.times() {
        let signal = if *passed_on == 0 { Signal::SIGINT } else { Signal::SIGKILL };
        handle.pids().into_iter().for_each(|pid| signal_group(pid, signal));
        *passed_on += 1;
    }
}

fn signal_group(leader: u32, signal: Signal) {
    if let Ok(group) = i32::try_from(leader) {
        // It fails only if the group has just ended by itself, which was wanted.
        let _ = killpg(Pid::from_raw(group), signal);
    }
}

/// Hands over the lines that dbt wrote before it ended and that nobody has read yet.
fn last_lines(lines: &Receiver<Line>, mut on_line: impl FnMut(Line)) {
    while let Ok(line) = lines.recv_timeout(GRACE) {
        on_line(line);
    }
}

struct Pipe {
    reader: PipeReader,
    writer: io::PipeWriter,
}

fn pipe() -> Result<Pipe> {
    let (reader, writer) = io::pipe().context("cannot create a pipe")?;
    Ok(Pipe { reader, writer })
}

fn read_lines(reader: PipeReader, kind: fn(String) -> Line, lines: Sender<Line>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&bytes);
            // The receiver is gone: the process has ended and its last lines were taken.
            if lines.send(kind(text.trim_end_matches(['\r', '\n']).to_owned())).is_err() {
                return;
            }
            bytes.clear();
        }
    });
}

fn cannot_start(program: &Program, error: &io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such program. Activate the environment that dbt is installed in, or say with --dbt \
             how to start dbt"
        }
        io::ErrorKind::PermissionDenied => "it is not executable. Say with --dbt how to start dbt",
        _ => return anyhow!("cannot start `{program}`: {error}"),
    };
    anyhow!("cannot start `{program}`: {advice}")
}

#[expect(clippy::unnecessary_wraps, reason = "duct's hook may fail")]
fn own_group(command: &mut std::process::Command) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
    die_with_parent(command);
    Ok(())
}

/// If this program is killed, dbt gets SIGINT. Otherwise it would run on alone, unseen and without a lock.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "what runs between fork and exec must be async-signal-safe")]
fn die_with_parent(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    let hook = || nix::sys::prctl::set_pdeathsig(Signal::SIGINT).map_err(io::Error::from);
    // SAFETY: the hook is one system call without allocation.
    unsafe { command.pre_exec(hook) };
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut std::process::Command) {}

fn exit_of(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => unreachable!("a process that was waited for has a code or a signal"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::interrupt::StopSignal;
    use super::*;

    fn script(body: &str) -> (tempfile::TempDir, Program) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dbt");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        let program = Program::parse(path.to_str().expect("UTF-8")).expect("a program");
        (folder, program)
    }

    /// Runs a script that is asked to end `asked` times once it says `ready`, so no test waits for a fixed
    /// time.
    fn run_script(body: &str, asked: usize) -> (Ended, Vec<Line>) {
        // If the tests were started with SIGINT ignored, the script would otherwise ignore it too.
        Interrupt::listen().expect("handlers");
        let interrupt = Interrupt::default();
        let (folder, program) = script(body);
        let directory = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let command = ProcessCommand {
            program: &program,
            arguments: &["one two".to_owned()],
            directory,
            variables: &[("GIVEN", "given".to_owned())],
            hidden: &Hidden::example("HOME", [("GIVEN", "other"), ("FILLED", "")]),
        };
        let mut lines = Vec::new();
        let ended = run(&command, &interrupt, |line| {
            if line == Line::Out("ready".into()) {
                (0..asked).for_each(|_| interrupt.ask(StopSignal::Terminate));
            }
            lines.push(line);
        });
        (ended.expect("it runs"), lines)
    }

    #[test]
    fn hands_over_lines_arguments_variables_and_the_exit_code() {
        let (ended, lines) = run_script(
            r#"echo "$1"; echo "$GIVEN:${HOME-hidden}:${FILLED-absent}"; echo oops >&2; exit 3"#,
            0,
        );
        let (out, err): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| matches!(line, Line::Out(_)));
        assert_eq!(ended.exit, Exit::Code(3));
        assert_eq!(out, [Line::Out("one two".into()), Line::Out("given:hidden:".into())]);
        assert_eq!(err, [Line::Err("oops".into())]);
    }

    #[test]
    fn passes_every_stop_signal_on_as_sigint_even_through_a_wrapper() {
        // The outer shell has no trap and waits for the inner one, as a careless wrapper script does.
        let body =
            r#"sh -c 'trap "echo told; exit 2" INT; echo ready; while :; do sleep 0.05; done'; exit 7"#;
        let (_, lines) = run_script(body, 1);
        assert!(lines.contains(&Line::Out("told".into())), "{lines:?}");
    }

    #[test]
    fn the_second_signal_kills() {
        let (ended, _) = run_script("trap '' INT; echo ready; while :; do sleep 0.05; done", 2);
        assert_eq!(ended.exit, Exit::Signal(9));
    }

    #[test]
    fn late_lines_are_not_lost() {
        let (sender, lines) = mpsc::channel();
        // The thread that reads a pipe may get its turn only after dbt's end was noticed.
        thread::spawn(move || {
            thread::sleep(POLL * 2);
            sender.send(Line::Out("last".into())).expect("it is waited for");
        });
        let mut taken = Vec::new();
        last_lines(&lines, |line| taken.push(line));
        assert_eq!(taken, [Line::Out("last".into())]);
    }

    #[test]
    fn does_not_wait_for_what_dbt_left_running() {
        let (ended, lines) = run_script("sleep 600 & echo $!", 0);
        assert_eq!(ended.exit, Exit::Code(0));
        let [Line::Out(pid)] = lines.as_slice() else { panic!("{lines:?}") };
        let pid = Pid::from_raw(pid.parse().expect("a pid"));
        nix::sys::signal::kill(pid, Signal::SIGKILL).expect("it was still running");
    }

    #[test]
    fn says_what_could_not_be_started() {
        let (folder, program) = script("");
        let file = folder.path().join("dbt");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("not executable");
        for (program, expected) in [
            (program, "it is not executable"),
            (Program::parse("no-such-dbt-anywhere").expect("words"), "there is no such program"),
        ] {
            let command = ProcessCommand {
                program: &program,
                arguments: &[],
                directory: Utf8Path::new("."),
                variables: &[],
                hidden: &Hidden::default(),
            };
            let error = run(&command, &Interrupt::default(), |_| {}).expect_err("it cannot start");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
