//! The configuration: a TOML file, which flags of the command line override.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use cert_lifecycle::Factory;
use serde::Deserialize;

use crate::clock::Clock;

/// A configuration file of more than this many octets is refused.
const FILE_OCTETS_MAX: u64 = 64 * 1024;

/// How the unit runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The folder of the store; default `./state`.
    pub(crate) state_dir: PathBuf,
    /// Where HTTPS listens; default `127.0.0.1:8443`.
    pub(crate) https: SocketAddr,
    /// Who knows whether the clock is right; default the kernel.
    pub(crate) clock: Clock,
    /// What the maker of the unit decided.
    pub(crate) factory: Factory,
    /// The folders of the files that this was read from, and is read from again.
    pub(crate) folders: Vec<PathBuf>,
}

/// What the command line says; it overrides the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) https: Option<SocketAddr>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    state: Option<PathBuf>,
    https: Option<SocketAddr>,
    #[serde(default)]
    clock: Clock,
    /// The path of `factory.toml`, relative to the configuration file.
    factory: Option<PathBuf>,
}

impl Config {
    /// Reads the file that `flags` name, if any, and lets `flags` override it.
    pub(crate) fn load(flags: &Flags) -> Result<Self, String> {
        let mut folders = Vec::new();
        let mut read_from = |path: &Path| folders.push(folder_of(path));
        let file: File = match &flags.config {
            Some(path) => read(path).inspect(|_| read_from(path))?,
            None => File::default(),
        };
        let factory = match (&file.factory, &flags.config) {
            (Some(factory), Some(config)) => {
                let path = folder_of(config).join(factory);
                read(&path).inspect(|_| read_from(&path))?
            }
            _ => Factory::default(),
        };
        let state_dir = flags
            .state
            .clone()
            .or(file.state)
            .unwrap_or_else(|| "state".into());
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 8443));
        let https = flags.https.or(file.https).unwrap_or(loopback);
        Ok(Self {
            state_dir,
            https,
            clock: file.clock,
            factory,
            folders,
        })
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.into(),
        _ => ".".into(),
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, String> {
    let refused = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let length = fs::metadata(path).map_err(|error| refused(&error))?.len();
    if length > FILE_OCTETS_MAX {
        return Err(refused(&format!(
            "{length} octets, but at most {FILE_OCTETS_MAX} are read"
        )));
    }
    let text = fs::read_to_string(path).map_err(|error| refused(&error))?;
    toml::from_str(&text).map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn without_a_file_the_unit_listens_on_loopback_only() {
        let config = Config::load(&Flags::default()).expect("defaults");
        assert_eq!(config.https.to_string(), "127.0.0.1:8443");
        assert_eq!(config.state_dir, Path::new("state"));
        assert_eq!(config.factory.host_name, "Spectracom");
    }

    #[test]
    fn flags_override_the_file_and_factory_stands_beside_it() {
        let (folder, path) = written(
            "countersign.toml",
            "state = \"/var/lib/unit\"\nhttps = \"0.0.0.0:443\"\nfactory = \"factory.toml\"\n",
        );
        fs::write(folder.path().join("factory.toml"), "host_name = \"ntp\"\n").expect("written");
        let https = "127.0.0.1:1".parse().expect("an address");
        let folders = [folder.path(), folder.path()];
        let flags = Flags {
            config: Some(path),
            https: Some(https),
            ..Flags::default()
        };
        let config = Config::load(&flags).expect("read");
        assert_eq!(config.https, https);
        assert_eq!(config.state_dir, Path::new("/var/lib/unit"));
        assert_eq!(config.factory.host_name, "ntp");
        assert_eq!(config.folders, folders);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let (_folder, path) = written("countersign.toml", "htps = \"0.0.0.0:443\"\n");
        let flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
        let refusal = Config::load(&flags).expect_err("refused");
        assert!(
            refusal.contains("htps") && refusal.contains("https"),
            "{refusal}"
        );
    }
}
