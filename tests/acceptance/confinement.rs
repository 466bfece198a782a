//! What the kernel says of the running unit: which rights it has kept.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use acceptance::{Connection, Tool, Unit, judge};
use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

/// "nobody", who is on every system and owns nothing.
const NOBODY: u32 = 65534;
const ABORT: i32 = 6;

/// Bits of `CapEff` in `/proc/PID/status` (capabilities(7)).
const NET_BIND_SERVICE: u64 = 1 << 10;
const IPC_LOCK: u64 = 1 << 14;

#[test]
fn a_unit_that_serves_has_given_up_what_it_does_not_need() -> Result<()> {
    let unit = Unit::start()?;
    assert_eq!(unit.process_status("NoNewPrivs")?, "1");
    assert_eq!(unit.process_status("Seccomp")?, "2", "no filter");
    for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
        let held = u64::from_str_radix(&unit.process_status(set)?, 16)?;
        assert_eq!(held & !IPC_LOCK, 0, "{set}");
    }
    let cores = limit_of(unit.process_id(), "Max core file size")?;
    assert_eq!(cores, ["0", "0"]);
    // Whoever runs the tests may lock memory, or may not; the unit says which.
    let said = unit.transcript.text_of("standard error");
    let locked = unit.process_status("VmLck")? != "0 kB";
    ensure!(said.contains("confined: "), "{said}");
    assert_eq!(said.contains("not memory locked"), !locked, "{said}");
    assert!(locked || !may_lock_memory()?, "{said}");
    for measure in [
        "no new privileges",
        "files restricted",
        "system calls restricted",
    ] {
        ensure!(!said.contains(&format!("not {measure}")), "{said}");
    }
    Ok(())
}

#[test]
fn too_low_a_limit_of_open_files_is_raised() -> Result<()> {
    let scene = Scene::new()?;
    let mut command = Command::new("prlimit");
    command.arg("--nofile=64:4096").arg(&scene.program);
    let unit = scene.start(command, "127.0.0.1:0")?;
    let files = limit_of(unit.id(), "Max open files")?;
    assert_eq!(files, ["512", "4096"]);
    Ok(())
}

#[test]
fn a_unit_that_crashes_leaves_no_memory_behind() -> Result<()> {
    let scene = Scene::new()?;
    let with_cores = |program: &Path| {
        let mut command = Command::new("prlimit");
        command.arg("--core=unlimited").arg(program);
        command
    };
    let mut unit = scene.start(with_cores(&scene.program), "127.0.0.1:0")?;
    let ended = unit.abort()?;
    assert_eq!(ended.signal(), Some(ABORT));
    assert!(!ended.core_dumped());
    assert!(scene.cores()?.is_empty());
    // The same happens to a program that does not mind.
    let mut other = with_cores(Path::new("sleep"));
    other.arg("60").current_dir(scene.folder.path());
    let mut other = Started(other.spawn()?);
    wait_for_program(other.id(), "sleep")?;
    assert!(
        other.abort()?.core_dumped(),
        "no program leaves a core here"
    );
    Ok(())
}

#[test]
fn another_process_of_the_same_user_cannot_look_into_it() -> Result<()> {
    let scene = Scene::new()?;
    let unit = scene.start(scene.as_nobody(&scene.program), "127.0.0.1:0")?;
    let mut other = scene.as_nobody(Path::new("sleep"));
    let other = Started(other.arg("60").spawn()?);
    wait_for_program(other.id(), "sleep")?;
    let environment_of = |process: u32| -> Result<bool> {
        let mut reading = scene.as_nobody(Path::new("cat"));
        let reading = reading.arg(format!("/proc/{process}/environ"));
        Ok(reading
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?
            .success())
    };
    assert!(environment_of(other.id())?, "nobody can look into anybody");
    assert!(!environment_of(unit.id())?, "the environment can be read");
    let memory = format!("/proc/{}/mem", unit.id());
    assert_ne!(
        fs::metadata(memory)?.uid(),
        scene.user,
        "its memory is its user's"
    );
    Ok(())
}

/// Root, or who has the right to a low port, can be told to serve on another one.
#[test]
fn the_configuration_can_be_replaced_and_the_port_changed() -> Result<()> {
    let scene = Scene::new()?;
    let low = is_root()?;
    let port = if low { 443 } else { 0 };
    let [first, second] = [17, 18].map(|last| format!("127.65.43.{last}:{port}"));
    let mut unit = scene.start_configured(&first)?;
    let held = status_of(unit.id(), "CapEff")?;
    let held = u64::from_str_radix(&held, 16)?;
    assert_eq!(held & !IPC_LOCK, if low { NET_BIND_SERVICE } else { 0 });
    // As editors do: another file takes the name.
    scene.configure(&second)?;
    Tool::new("kill")
        .args("-HUP")
        .arg(unit.id().to_string())
        .run()?;
    let moved = scene.line_with("HTTPS listens on ", &mut unit)?;
    let (_, rest) = moved.split_once(" on ").context("an address")?;
    let address = rest.split(' ').next().context("an address")?.parse()?;
    Connection::open(address)?;
    // What it makes from now on is for where it is.
    Tool::new(&scene.program)
        .args("console --state")
        .arg(scene.folder.path().join("state"))
        .args("-c defcert")
        .run()?;
    let chain = judge::presented_chain(address)?;
    let made = judge::certificate(chain.first().context("it shows nothing")?)?;
    ensure!(made.contains("IP Address:127.65.43.18"), "{made}");
    Ok(())
}

#[test]
fn root_is_told_when_the_state_is_somebody_elses() -> Result<()> {
    let scene = Scene::new()?;
    if !is_root()? {
        // Nobody else can be given a folder.
        return Ok(());
    }
    let state = scene.folder.path().join("state");
    fs::create_dir(&state)?;
    chown(&state, Some(NOBODY), Some(NOBODY))?;
    let refused = Tool::new(&scene.program)
        .args("--https 127.0.0.1:0 --state")
        .arg(&state)
        .try_run()?;
    assert!(!refused.status.success());
    assert!(
        refused
            .stderr
            .contains("belongs to the user with the number 65534"),
        "{refused:?}"
    );
    assert!(refused.stderr.contains("chown"), "{refused:?}");
    assert_eq!(fs::read_dir(&state)?.count(), 0);
    Ok(())
}

/// A copy of the program and a folder for its state, which "nobody" may use where the
/// tests run as root.
struct Scene {
    folder: TempDir,
    program: PathBuf,
    /// Whose they are.
    user: u32,
}

impl Scene {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("countersign");
        // By another process: what this one has open for writing while a test beside
        // starts a program cannot be run.
        Tool::new("cp").arg(Unit::program()?).arg(&program).run()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777))?;
        let user = if is_root()? {
            NOBODY
        } else {
            fs::metadata(folder.path())?.uid()
        };
        Ok(Self {
            folder,
            program,
            user,
        })
    }

    fn as_nobody(&self, program: &Path) -> Command {
        if self.user != NOBODY {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program);
        command
    }

    fn start(&self, mut command: Command, https: &str) -> Result<Started> {
        command.args(["--https", https, "--state", "state"]);
        self.spawn(command)
    }

    fn start_configured(&self, https: &str) -> Result<Started> {
        self.configure(https)?;
        let mut command = Command::new(&self.program);
        command.args(["--config", "countersign.toml", "--state", "state"]);
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> Result<Started> {
        let log = File::create(self.log())?;
        command
            .current_dir(self.folder.path())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut unit = Started(command.spawn()?);
        self.line_with("serves https://", &mut unit)?;
        Ok(unit)
    }

    /// Waits until the unit has written this line.
    fn line_with(&self, marker: &str, unit: &mut Started) -> Result<String> {
        wait_for(&format!("a line with {marker:?}"), || {
            let ended = unit.0.try_wait()?;
            let text = fs::read_to_string(self.log())?;
            ensure!(ended.is_none(), "the unit ended ({ended:?}): {text}");
            let whole = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            let found = whole.map(str::trim_end).find(|line| line.contains(marker));
            Ok(found.map(ToOwned::to_owned))
        })
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn configure(&self, https: &str) -> Result<()> {
        let new = self.folder.path().join("countersign.toml~");
        fs::write(&new, format!("https = \"{https}\"\n"))?;
        Ok(fs::rename(
            new,
            self.folder.path().join("countersign.toml"),
        )?)
    }

    /// The core dumps in its folder, whatever the system calls them.
    fn cores(&self) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.folder.path())?.collect::<std::io::Result<Vec<_>>>()?;
        let paths = entries.iter().map(fs::DirEntry::path);
        Ok(paths
            .filter(|path| path.to_string_lossy().contains("core"))
            .collect())
    }
}

/// A process that is killed when this is dropped.
struct Started(Child);

impl Started {
    fn id(&self) -> u32 {
        self.0.id()
    }

    /// Has it end as a crash does.
    fn abort(&mut self) -> Result<ExitStatus> {
        Tool::new("kill")
            .args("-ABRT")
            .arg(self.id().to_string())
            .run()?;
        wait_for("its end", || Ok(self.0.try_wait()?))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits until a process that was another program at first is this one.
fn wait_for_program(process: u32, name: &str) -> Result<()> {
    wait_for(name, || {
        let running = fs::read_to_string(format!("/proc/{process}/comm"))?;
        Ok((running.trim() == name).then_some(()))
    })
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn status_of(process: u32, name: &str) -> Result<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(given, _)| *given == name);
    let (_, value) = found.with_context(|| format!("no {name} in {status}"))?;
    Ok(value.trim().to_owned())
}

/// The limit of this name: what holds now, and how far it may be raised.
fn limit_of(process: u32, name: &str) -> Result<[String; 2]> {
    let limits = fs::read_to_string(format!("/proc/{process}/limits"))?;
    let line = limits.lines().find_map(|line| line.strip_prefix(name));
    let mut words = line.unwrap_or_default().split_whitespace();
    match (words.next(), words.next()) {
        (Some(soft), Some(hard)) => Ok([soft.into(), hard.into()]),
        _ => bail!("no {name} in {limits}"),
    }
}

fn may_lock_memory() -> Result<bool> {
    let process = std::process::id();
    let held = u64::from_str_radix(&status_of(process, "CapEff")?, 16)?;
    let [_, hard] = limit_of(process, "Max locked memory")?;
    Ok(held & IPC_LOCK != 0 || hard == "unlimited")
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}
