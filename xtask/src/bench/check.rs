//! Compares `check`, with all its rules, with other programs that read a large dbt manifest.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use wait4::Wait4;

use super::manifest;
use crate::lab::build_tool;
use crate::paths;
use crate::venv::BOUNCER;

/// Each contender runs once per round, so that other load on the machine slows all of them.
const ROUNDS: usize = 9;

/// The time that `check` may take, as a fraction of dbt-bouncer's.
const MOST_TIME: f64 = 0.1;

/// The memory that `check` may take, as a multiple of the file's size.
const MOST_MEMORY: f64 = 2.0;

/// Two of dbt-bouncer's checks. Every model passes them.
const BOUNCER_CHECKS: &str = "\
dbt_artifacts_dir: target
manifest_checks:
  - name: check_model_names
    model_name_pattern: '^[a-z_0-9]+$'
  - name: check_model_has_unique_test
";

struct Contender {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
    best: Duration,
    processor: Duration,
    memory: u64,
}

/// Runs the benchmark and prints its table.
pub fn run() -> Result<()> {
    BOUNCER.ensure()?;
    let tool = build_tool()?;
    let project = project()?;
    let size = fs::metadata(project.join("target/manifest.json"))?.len();
    let mut contenders = contenders(&tool, &project);
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for contender in &mut contenders {
            contender.run()?;
        }
    }
    let [ours, with_prod, bouncer, ..] = contenders.as_slice() else {
        bail!("there are fewer than three contenders");
    };
    let yardstick = bouncer.best.as_secs_f64();
    println!("a dbt manifest of {} MB with 5,000 models; the best of {ROUNDS} rounds\n", megabytes(size));
    for contender in &contenders {
        let seconds = contender.best.as_secs_f64();
        println!(
            "{:<34} {seconds:>6.3} s  {:>5.3} of dbt-bouncer  {:>6.3} s of processor  {:>4} MB",
            contender.name,
            seconds / yardstick,
            contender.processor.as_secs_f64(),
            megabytes(contender.memory)
        );
    }
    let time = ours.best.as_secs_f64() / yardstick;
    let memory = as_f64(ours.memory) / as_f64(size);
    // With two dbt manifests, it reads twice as much.
    let both = as_f64(with_prod.memory) / as_f64(2 * size);
    let bounds = [
        Bound { what: "time of check / time of dbt-bouncer", measured: time, most: MOST_TIME },
        Bound { what: "peak memory of check / size of the file", measured: memory, most: MOST_MEMORY },
        Bound { what: "the same with --to-manifest / both files", measured: both, most: MOST_MEMORY },
    ];
    println!();
    for Bound { what, measured, most } in &bounds {
        let verdict = if measured <= most { "kept" } else { "MISSED" };
        println!("{what:<44} {measured:>6.3}  at most {most}: {verdict}");
    }
    if bounds.iter().any(|bound| bound.measured > bound.most) {
        bail!("a bound is missed");
    }
    Ok(())
}

struct Bound {
    what: &'static str,
    measured: f64,
    most: f64,
}

impl Contender {
    fn new(name: &'static str, command: impl Fn() -> Command + 'static) -> Self {
        Self { name, command: Box::new(command), best: Duration::MAX, processor: Duration::MAX, memory: 0 }
    }

    fn run(&mut self) -> Result<()> {
        let mut command = (self.command)();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let mut process = command.spawn().with_context(|| format!("cannot start {}", self.name))?;
        let ended = process.wait4().with_context(|| format!("cannot wait for {}", self.name))?;
        let time = began.elapsed();
        if !ended.status.success() {
            bail!("{} failed: {}", self.name, ended.status);
        }
        self.best = self.best.min(time);
        self.processor = self.processor.min(ended.rusage.utime + ended.rusage.stime);
        self.memory = self.memory.max(ended.rusage.maxrss);
        Ok(())
    }
}

/// This tool first, then dbt-bouncer.
fn contenders(tool: &Utf8Path, project: &Utf8Path) -> Vec<Contender> {
    let command = |program: &str, arguments: &'static [&'static str]| {
        let (program, project) = (program.to_owned(), project.to_owned());
        move || {
            let mut command = Command::new(&program);
            command.args(arguments).current_dir(&project).env("DO_NOT_TRACK", "1");
            command
        }
    };
    let python = "import json; json.load(open('target/manifest.json', encoding='utf-8'))";
    let python: &'static [&'static str] = Box::leak(Box::new(["-c", python]));
    let mut contenders = vec![
        Contender::new("snowplow-backfill check", command(tool.as_str(), &["check"])),
        Contender::new(
            "the same with --to-manifest",
            command(tool.as_str(), &["check", "--to-manifest", "target/prod.json"]),
        ),
        Contender::new(
            "dbt-bouncer 4.3, two checks",
            command(BOUNCER.program("dbt-bouncer").as_str(), &["run"]),
        ),
        Contender::new("Python's json, loading alone", command(BOUNCER.program("python").as_str(), python)),
    ];
    let has_jq = Command::new("jq").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if has_jq.is_ok_and(|status| status.success()) {
        let arguments = &[".nodes | length", "target/manifest.json"];
        contenders.push(Contender::new("jq '.nodes | length'", command("jq", arguments)));
    } else {
        eprintln!("jq is not installed: left out");
    }
    contenders
}

/// A folder with a dbt manifest and the configuration of all contenders.
fn project() -> Result<Utf8PathBuf> {
    let project = paths::work().join("bench-check");
    fs::create_dir_all(project.join("target")).with_context(|| format!("cannot create {project}"))?;
    let write = |name: &str, text: &str| {
        fs::write(project.join(name), text).with_context(|| format!("cannot write {project}/{name}"))
    };
    write("dbt_project.yml", "name: warehouse\nprofile: warehouse\n")?;
    write("dbt-bouncer.yml", BOUNCER_CHECKS)?;
    manifest::write_models(&project)?;
    manifest::make_older(&project.join("dbt_project.yml"))?;
    // Written last, so that it is not older than the project.
    let staging = project.join("target/manifest.json");
    manifest::write(&staging)?;
    // The same project with other tables. sed writes it, because a process inherits the peak memory of its
    // parent: it would count for the contenders, too.
    let prod = project.join("target/prod.json");
    let mut sed = Command::new("sed");
    sed.arg("s/\"ANALYTICS[.]prod_/\"ANALYTICS.live_/g").arg(&staging);
    sed.stdout(fs::File::create(&prod).with_context(|| format!("cannot create {prod}"))?);
    if !sed.status().context("cannot start sed")?.success() {
        bail!("cannot write {prod}");
    }
    Ok(project)
}

fn megabytes(bytes: u64) -> u64 {
    (bytes + 500_000) / 1_000_000
}

#[expect(clippy::cast_precision_loss, reason = "sizes in a ratio")]
fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}
