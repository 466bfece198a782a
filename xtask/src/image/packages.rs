//! Debian's packages for the target: apt checks their signatures, in a folder of its
//! own, and a lock pins what it brought.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use xshell::{Shell, cmd};

use super::recipe::Recipe;

/// Debian's keys, as its package debian-archive-keyring brings them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A package of the lock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
}

/// The packages of an image, unpacked.
pub(crate) struct Packages {
    /// Those of the lock.
    pub(crate) all: Vec<Package>,
    /// The folder of each, by its name.
    pub(crate) folders: BTreeMap<String, PathBuf>,
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The folder that `lib/modules` is in.
    pub(crate) modules: PathBuf,
    /// The kernel's version, as the folder of its modules is called.
    pub(crate) kernel_version: String,
    /// The package of the kernel.
    pub(crate) kernel_package: String,
}

impl Packages {
    /// The file at `path` of a package.
    pub(crate) fn file(&self, package: &str, path: &str) -> Result<PathBuf> {
        let folder = self.folders.get(package);
        let folder = folder.with_context(|| format!("the lock has no package {package}"))?;
        Ok(folder.join(path))
    }
}

fn lock_path(recipe: &Recipe) -> PathBuf {
    let name = format!("packages.{}.lock", recipe.target);
    recipe.source.join(name)
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

/// Unpacks what the lock pins, fetching what is not there yet.
pub(crate) fn unpack(sh: &Shell, recipe: &Recipe) -> Result<Packages> {
    let path = lock_path(recipe);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{}: make it with --update", path.display()))?;
    let lock: Lock = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let archives = fetch(sh, recipe, &lock.package)?;
    let mut folders = BTreeMap::new();
    for (package, archive) in lock.package.iter().zip(archives) {
        let folder = recipe.folder.join("packages").join(&package.name);
        sh.remove_path(&folder)?;
        fs::create_dir_all(&folder)?;
        cmd!(sh, "dpkg-deb --extract {archive} {folder}")
            .quiet()
            .run()?;
        folders.insert(package.name.clone(), folder);
    }
    let kernel = lock.package.iter();
    let kernel = kernel.map(|package| &package.name);
    let kernel_package = kernel
        .clone()
        .find(|name| name.starts_with("linux-image-"))
        .context("the lock has no kernel")?;
    let modules = folders.get(kernel_package).context("the kernel")?.clone();
    let kernel_version = kernel_package.trim_start_matches("linux-image-").to_owned();
    Ok(Packages {
        kernel: modules
            .join("boot")
            .join(format!("vmlinuz-{kernel_version}")),
        kernel_version,
        kernel_package: kernel_package.clone(),
        modules,
        all: lock.package,
        folders,
    })
}

/// Writes a new lock, of what the suites have today.
pub(crate) fn update(sh: &Shell, recipe: &Recipe) -> Result<()> {
    let apt = Apt::new(sh, recipe)?;
    apt.update(recipe)?;
    let kernel = apt.kernel_of(&recipe.board.kernel)?;
    let mut text = String::from(
        "# Written by `cargo xtask image --update`. What the image takes from Debian.\n",
    );
    for name in std::iter::once(&kernel).chain(&recipe.packages) {
        let package = apt.newest(name)?;
        println!("{} {}", package.name, package.version);
        text.push_str(&format!(
            "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\nsha256 = \"{}\"\n",
            package.name, package.version, package.sha256
        ));
    }
    fs::write(lock_path(recipe), text)?;
    Ok(())
}

/// The archive of each package, in the same order.
fn fetch(sh: &Shell, recipe: &Recipe, packages: &[Package]) -> Result<Vec<PathBuf>> {
    let cache = recipe.folder.join("archives");
    fs::create_dir_all(&cache)?;
    let cached = |package: &Package| cache.join(format!("{}.deb", package.sha256));
    let missing: Vec<&Package> = packages.iter().filter(|p| !cached(p).exists()).collect();
    if !missing.is_empty() {
        let apt = Apt::new(sh, recipe)?;
        apt.update(recipe)?;
        for package in missing {
            apt.download(package, &cached(package))?;
        }
    }
    let checked = |package: &Package| {
        let path = cached(package);
        let found = sha256(&path)?;
        ensure!(
            found == package.sha256,
            "{} is damaged; delete it",
            path.display()
        );
        Ok(path)
    };
    packages.iter().map(checked).collect()
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(hex(&bytes))
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// apt for another architecture, in a folder of its own: what it knows of this machine
/// is neither read nor changed.
struct Apt<'a> {
    sh: &'a Shell,
    folder: PathBuf,
    architecture: &'static str,
}

impl<'a> Apt<'a> {
    fn new(sh: &'a Shell, recipe: &Recipe) -> Result<Self> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING} is missing. Install the package debian-archive-keyring"
        );
        let folder = recipe.folder.join("apt");
        for inner in [
            "etc/apt.conf.d",
            "etc/preferences.d",
            "state/lists/partial",
            "cache/archives/partial",
        ] {
            fs::create_dir_all(folder.join(inner))?;
        }
        fs::write(folder.join("state/status"), "")?;
        let architecture = recipe.target.debian();
        let here = folder.display();
        let configuration = format!(
            "Dir::Etc \"{here}/etc\";\n\
             Dir::Etc::main \"none\";\n\
             Dir::Etc::sourcelist \"{here}/etc/sources.list\";\n\
             Dir::Etc::sourceparts \"none\";\n\
             Dir::State \"{here}/state\";\n\
             Dir::State::status \"{here}/state/status\";\n\
             Dir::Cache \"{here}/cache\";\n\
             APT::Architecture \"{architecture}\";\n\
             APT::Architectures {{ \"{architecture}\"; }};\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::Retries \"3\";\n"
        );
        fs::write(folder.join("apt.conf"), configuration)?;
        Ok(Self {
            sh,
            folder,
            architecture,
        })
    }

    /// Fetches the index of each suite; one that does not verify is left out.
    fn update(&self, recipe: &Recipe) -> Result<()> {
        let mut verified = Vec::new();
        for suite in &recipe.suites {
            self.list(std::slice::from_ref(suite))?;
            match self.run("apt-get", &["update", "--quiet"]) {
                Ok(_) => verified.push(suite.clone()),
                Err(why) => println!(
                    "the index of {suite} for {} is left out: {why:#}",
                    self.architecture
                ),
            }
        }
        ensure!(!verified.is_empty(), "no suite could be fetched");
        self.list(&verified)?;
        self.run("apt-get", &["update", "--quiet"])?;
        Ok(())
    }

    fn list(&self, suites: &[String]) -> Result<()> {
        let line = |suite: &String| {
            let archive = if suite.ends_with("-security") {
                "debian-security"
            } else {
                "debian"
            };
            format!("deb [signed-by={KEYRING}] http://deb.debian.org/{archive} {suite} main\n")
        };
        let text: String = suites.iter().map(line).collect();
        Ok(fs::write(self.folder.join("etc/sources.list"), text)?)
    }

    /// The package of the kernel that `name` depends on.
    fn kernel_of(&self, name: &str) -> Result<String> {
        let depends = self.run("apt-cache", &["depends", name])?;
        let mut words = depends.split_whitespace();
        let kernel = words.find(|word| word.starts_with("linux-image-") && *word != name);
        Ok(kernel
            .with_context(|| format!("{name} depends on no kernel"))?
            .to_owned())
    }

    /// The newest version of a package.
    fn newest(&self, name: &str) -> Result<Package> {
        let shown = self.run("apt-cache", &["show", "--no-all-versions", name])?;
        let field = |key: &str| {
            let line = shown.lines().find_map(|line| line.strip_prefix(key));
            line.map(|value| value.trim().to_owned())
                .with_context(|| format!("apt knows no {key} of {name}"))
        };
        Ok(Package {
            name: name.into(),
            version: field("Version:")?,
            sha256: field("SHA256:")?,
        })
    }

    fn download(&self, package: &Package, to: &Path) -> Result<()> {
        let Package { name, version, .. } = package;
        let into = self.folder.join("download");
        self.sh.remove_path(&into)?;
        fs::create_dir_all(&into)?;
        let _there = self.sh.push_dir(&into);
        let wanted = format!("{name}={version}");
        self.run("apt-get", &["download", "--quiet", &wanted])
            .with_context(|| {
                format!("{name} {version} cannot be had any more; see what there is with --update")
            })?;
        let mut files = fs::read_dir(&into)?;
        let Some(file) = files.next() else {
            bail!("apt fetched nothing for {wanted}");
        };
        fs::rename(file?.path(), to)?;
        Ok(())
    }

    /// What a command of apt printed.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self
            .sh
            .cmd(program)
            .args(arguments)
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("LC_ALL", "C")
            .quiet()
            .ignore_status()
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        // apt-get update goes on without an index that does not verify.
        let error = said.lines().find(|line| line.starts_with("E: "));
        if let Some(error) = error {
            bail!("{error}");
        }
        ensure!(output.status.success(), "{program} failed: {said}");
        Ok(String::from_utf8(output.stdout)?)
    }
}
