//! The page that the tables are written into.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// What else the machine did.
pub(crate) struct Machine {
    load: String,
}

impl Machine {
    pub(crate) fn now() -> Result<Self> {
        let load = fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').next().unwrap_or("?").to_owned();
        Ok(Self { load })
    }

    /// When and where a table was measured, in a sentence.
    pub(crate) fn describe(&self) -> Result<String> {
        let now = Self::now()?.load;
        let cores = std::thread::available_parallelism()?;
        let cpu = fs::read_to_string("/proc/cpuinfo")?;
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name\t: "));
        let date = run("date", &["-u", "+%F"])?;
        let commit = run("git", &["rev-parse", "--short=12", "HEAD"])?;
        Ok(format!(
            "*{date}, commit {commit}, {}, {cores} cores; other work kept the machine at a \
             load of {} at the beginning and {now} at the end.*",
            model.unwrap_or(std::env::consts::ARCH),
            self.load
        ))
    }
}

/// What a program says, in one line.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("{program} cannot be run"))?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

/// Puts a table between the markers of its part.
pub(crate) fn put(page: &Path, part: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(page).with_context(|| format!("{} is gone", page.display()))?;
    let (begin, end) = (
        format!("<!-- bench: {part} -->\n"),
        "<!-- end -->".to_owned(),
    );
    let missing = || format!("{} has no markers for {part}", page.display());
    let (before, rest) = old.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    fs::write(page, format!("{before}{begin}\n{text}\n\n{end}{after}"))?;
    Ok(())
}
