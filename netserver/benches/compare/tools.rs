//! The programs that are measured, and those that measure: built or found once, or why they are not there.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// `examples/bench_echo.rs`.
    Netserver,
    /// The same, by cargo's own release profile: no optimization over crates, 16 units of code each.
    Plain,
    /// `benches/floor/floor.c`.
    Floor,
    /// Perl's Net::Server.
    Perl,
    /// `benches/peers`, by the standard library.
    Std,
    /// `benches/peers`, by tokio.
    Tokio,
    Apache,
}

/// Where things are.
#[derive(Debug)]
pub(crate) struct Tools {
    /// What is there, and why the rest is not.
    found: BTreeMap<Program, Result<PathBuf, String>>,
    /// What servers keep while they run; removed at the end.
    pub(crate) scratch: PathBuf,
    /// Where results are kept.
    pub(crate) results: PathBuf,
}

/// The folder of the package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn benches(file: &str) -> PathBuf {
    package().join("benches").join(file)
}

impl Tools {
    /// Builds and finds those that are `wanted`.
    ///
    /// # Errors
    /// Where there is no folder to write to.
    pub(crate) fn find(wanted: &[Program]) -> std::io::Result<Self> {
        let target = target_folder();
        // What is not optimized is no result.
        let results = target.join(if cfg!(debug_assertions) { "compare-trial" } else { "compare" });
        let scratch = env::temp_dir().join(format!("netserver-compare-{}", std::process::id()));
        fs::create_dir_all(&results)?;
        fs::create_dir_all(&scratch)?;
        let found = wanted.iter().map(|&program| (program, find(program, &target, &results)));
        Ok(Self { found: found.collect(), scratch, results })
    }

    pub(crate) fn path(&self, program: Program) -> Result<&Path, String> {
        match self.found.get(&program) {
            Some(Ok(path)) => Ok(path),
            Some(Err(why)) => Err(why.clone()),
            None => Err("was not looked for".to_owned()),
        }
    }

    /// What is not there, a line each.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &str> {
        self.found.values().filter_map(|found| found.as_ref().err().map(String::as_str))
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        // What cannot be removed is a few bytes in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

/// `target`, of which this program is in `PROFILE/deps`.
fn target_folder() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    program.ancestors().nth(3).map_or_else(|| package().join("target"), Path::to_owned)
}

fn find(program: Program, target: &Path, results: &Path) -> Result<PathBuf, String> {
    match program {
        Program::Netserver => netserver(target),
        Program::Plain => plain(results),
        Program::Floor => floor(results),
        Program::Perl => perl(),
        Program::Std => peer("std_echo", &[], results),
        Program::Tokio => peer("tokio_echo", &["--features", "tokio"], results),
        Program::Apache => apache(),
    }
}

/// Optimized where this program is: a measure by `cargo bench`, and a trial by `cargo test`.
fn netserver(target: &Path) -> Result<PathBuf, String> {
    let mut command = bench_echo();
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.arg("--target-dir").arg(target);
    succeeds("netserver", &mut command)?;
    Ok(target.join(profile).join("examples/bench_echo"))
}

fn plain(results: &Path) -> Result<PathBuf, String> {
    let target = results.join("plain");
    let mut command = bench_echo();
    command.env("CARGO_PROFILE_RELEASE_LTO", "false");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command.arg("--release").arg("--target-dir").arg(&target);
    succeeds("netserver by cargo's own release profile", &mut command)?;
    Ok(target.join("release/examples/bench_echo"))
}

fn bench_echo() -> Command {
    let mut command = cargo();
    command.args(["build", "--quiet", "-p", "netserver-examples", "--example", "bench_echo"]);
    command.arg("--manifest-path").arg(package().join("../Cargo.toml"));
    command
}

fn floor(results: &Path) -> Result<PathBuf, String> {
    let path = results.join("floor");
    let mut command = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command.args(["-O2", "-Wall", "-Wextra", "-pthread", "-o"]);
    succeeds("the floor in C", command.arg(&path).arg(benches("floor/floor.c")))?;
    Ok(path)
}

fn peer(name: &str, features: &[&str], results: &Path) -> Result<PathBuf, String> {
    let target = results.join("peers");
    let mut command = cargo();
    command.args(["build", "--quiet", "--release", "--bin", name]).args(features);
    command.arg("--manifest-path").arg(benches("peers/Cargo.toml"));
    succeeds(name, command.arg("--target-dir").arg(&target))?;
    Ok(target.join("release").join(name))
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn perl() -> Result<PathBuf, String> {
    let mut command = Command::new("perl");
    if let Some(folder) = env::var_os("NET_SERVER_LIB") {
        command.arg("-I").arg(folder);
    }
    succeeds("Perl's Net::Server", command.args(["-MNet::Server", "-e1"]))?;
    Ok(PathBuf::from("perl"))
}

fn apache() -> Result<PathBuf, String> {
    let names = ["/usr/sbin/apache2", "/usr/sbin/httpd"];
    let module = Path::new("/usr/lib/apache2/modules/mod_mpm_prefork.so");
    let program = names.iter().map(Path::new).find(|path| path.exists() && module.exists());
    let why = "Apache: neither /usr/sbin/apache2 nor its modules in /usr/lib/apache2/modules";
    program.map(Path::to_owned).ok_or_else(|| why.to_owned())
}

/// Runs it to its end; the last line of what it says is why it failed.
fn succeeds(what: &str, command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let output = output.map_err(|err| format!("{what}: {name}: {err}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("no word of why");
    Err(format!("{what}: {name}: {line}"))
}
