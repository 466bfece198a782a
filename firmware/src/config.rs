//! The configuration: a TOML file, which flags of the command line override.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cert_lifecycle::Factory;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

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
    /// Where HTTP listens; `127.0.0.1:8080` unless given.
    pub(crate) http: Place,
    /// Where SSH listens; `127.0.0.1:8022` unless given.
    pub(crate) ssh: Place,
    /// Where telnet listens; `127.0.0.1:8023` unless given.
    pub(crate) telnet: Place,
    /// The serial line of the console; none unless given.
    pub(crate) serial: Option<SerialLine>,
    /// Who knows whether the clock is right; default the kernel.
    pub(crate) clock: Clock,
    /// The folder that describes the slots of the board's software; without it the unit
    /// cannot upgrade itself.
    pub(crate) slots: Option<PathBuf>,
    /// The name of the board, which an upgrade has to be for.
    pub(crate) board: String,
    /// Where the board says that it gave the unit another state than before; nowhere
    /// unless given.
    pub(crate) state_set_aside: Option<PathBuf>,
    /// What the maker of the unit decided.
    pub(crate) factory: Factory,
    /// The folders of the files that this was read from, and is read from again.
    pub(crate) folders: Vec<PathBuf>,
}

/// Where a listener is that the settings switch on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere, whatever the settings say.
    Off,
    /// Here; on until the settings say otherwise.
    At(SocketAddr),
    /// Here, once the settings say so.
    Usually(SocketAddr),
}

impl Place {
    fn of(given: Option<Listen>, usual_port: u16) -> Self {
        match given {
            Some(Listen::At(address)) => Self::At(address),
            Some(Listen::Later(address)) => Self::Usually(address),
            Some(Listen::Off) => Self::Off,
            None => Self::Usually((Ipv4Addr::LOCALHOST, usual_port).into()),
        }
    }

    /// The port, where it may ever listen.
    fn port(self) -> Option<u16> {
        match self {
            Self::Off => None,
            Self::At(address) | Self::Usually(address) => Some(address.port()),
        }
    }
}

/// Where something listens: `0.0.0.0:22`; `0.0.0.0:23 off`, where it does once it is
/// switched on; or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listen {
    At(SocketAddr),
    Later(SocketAddr),
    Off,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == OFF {
            return Ok(Self::Off);
        }
        let (address, listen): (_, fn(SocketAddr) -> Self) = match text.strip_suffix(" off") {
            Some(address) => (address, Self::Later),
            None => (text, Self::At),
        };
        let address = address.parse().map_err(|_| {
            format!(
                "\"{text}\" is neither an address with a port, such as 0.0.0.0:22, nor off, nor an \
                 address followed by off"
            )
        })?;
        Ok(listen(address))
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// A serial line, and its speed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SerialLine {
    /// Such as `/dev/ttyS0`.
    pub(crate) device: PathBuf,
    /// Bits a second; 9600 unless given.
    pub(crate) speed: u32,
}

/// Bits a second of a serial line unless given.
const SERIAL_SPEED: u32 = 9600;
/// Bits a second of a serial line: at least and at most.
const SERIAL_SPEEDS: std::ops::RangeInclusive<u32> = 300..=4_000_000;
/// What a serial line is called that is not to be used.
const OFF: &str = "off";

/// What the command line says; it overrides the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) http: Option<Listen>,
    pub(crate) ssh: Option<Listen>,
    pub(crate) telnet: Option<Listen>,
    /// A device, or `off`.
    pub(crate) serial: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    state: Option<PathBuf>,
    https: Option<SocketAddr>,
    http: Option<Listen>,
    ssh: Option<Listen>,
    telnet: Option<Listen>,
    /// A device, or `off`.
    serial: Option<PathBuf>,
    serial_speed: Option<u32>,
    #[serde(default)]
    clock: Clock,
    slots: Option<PathBuf>,
    #[serde(default)]
    board: String,
    state_set_aside: Option<PathBuf>,
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
        let serial = flags.serial.as_ref().or(file.serial.as_ref());
        Ok(Self {
            state_dir,
            https,
            http: Place::of(flags.http.or(file.http), 8080),
            ssh: Place::of(flags.ssh.or(file.ssh), 8022),
            telnet: Place::of(flags.telnet.or(file.telnet), 8023),
            serial: serial_line(serial, file.serial_speed)?,
            clock: file.clock,
            slots: file.slots,
            board: file.board,
            state_set_aside: file.state_set_aside,
            factory,
            folders,
        })
    }
}

impl Config {
    /// The keys of the file that differ from those of a unit that runs, and that it can follow
    /// only when it is started again.
    pub(crate) fn wants_a_start(&self, running: &Self) -> Vec<&'static str> {
        let differ = [
            ("board", self.board != running.board),
            ("clock", self.clock != running.clock),
            ("factory", self.factory != running.factory),
            ("serial", self.serial != running.serial),
            ("slots", self.slots != running.slots),
            ("state", self.state_dir != running.state_dir),
            (
                "state_set_aside",
                self.state_set_aside != running.state_set_aside,
            ),
        ];
        let differ = differ.into_iter().filter(|(_, differs)| *differs);
        differ.map(|(key, _)| key).collect()
    }

    /// Takes over what a unit that runs can follow.
    pub(crate) fn follow(&mut self, new: Self) {
        self.https = new.https;
        self.http = new.http;
        self.ssh = new.ssh;
        self.telnet = new.telnet;
    }

    /// The ports on which something listens, or may later.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        let switched = [self.http, self.ssh, self.telnet];
        let switched = switched.into_iter().filter_map(Place::port);
        std::iter::once(self.https.port()).chain(switched)
    }
}

fn serial_line(device: Option<&PathBuf>, speed: Option<u32>) -> Result<Option<SerialLine>, String> {
    let speed = speed.unwrap_or(SERIAL_SPEED);
    if !SERIAL_SPEEDS.contains(&speed) {
        return Err(format!(
            "serial_speed is {speed}; a serial line has 300 to 4000000 bits a second, 9600 mostly"
        ));
    }
    let device = device.filter(|device| *device != Path::new(OFF));
    Ok(device.map(|device| SerialLine {
        device: device.clone(),
        speed,
    }))
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
    fn listeners_are_off_at_the_usual_address_or_where_they_are_told_to_be() {
        let (_folder, path) = written(
            "countersign.toml",
            "http = \"0.0.0.0:80\"\ntelnet = \"off\"\nserial = \"/dev/ttyS0\"\nserial_speed = 115200\n",
        );
        let flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
        let config = Config::load(&flags).expect("read");
        assert_eq!(config.http, Place::At(([0, 0, 0, 0], 80).into()));
        assert_eq!(config.ssh, Place::Usually(([127, 0, 0, 1], 8022).into()));
        assert_eq!(config.telnet, Place::Off);
        let serial = config.serial.as_ref().expect("a line");
        assert_eq!(
            (serial.device.to_str(), serial.speed),
            (Some("/dev/ttyS0"), 115_200)
        );
        assert_eq!(config.ports().collect::<Vec<_>>(), [8443, 80, 8022]);
        let flags = Flags {
            http: "off".parse().ok(),
            serial: Some("off".into()),
            ..flags
        };
        let config = Config::load(&flags).expect("read");
        assert_eq!((config.http, config.serial), (Place::Off, None));
    }

    #[test]
    fn a_unit_that_runs_follows_its_listeners_and_names_what_wants_a_start() {
        let config = |text: &str| {
            let (_folder, path) = written("countersign.toml", text);
            let config = Some(path);
            let flags = Flags {
                config,
                ..Flags::default()
            };
            Config::load(&flags).expect("read")
        };
        let mut running = config("https = \"127.0.0.1:1\"\nboard = \"a\"\n");
        let new = config(
            "https = \"127.0.0.1:2\"\nhttp = \"127.0.0.1:3\"\nssh = \"off\"\ntelnet = \"off\"\n\
             board = \"b\"\nclock = \"trusted\"\nserial = \"/dev/ttyS0\"\nslots = \"s\"\nstate = \"t\"\n\
             state_set_aside = \"n\"\n",
        );
        let wants = [
            "board",
            "clock",
            "serial",
            "slots",
            "state",
            "state_set_aside",
        ];
        assert_eq!(new.wants_a_start(&running), wants);
        running.follow(new);
        assert_eq!(running.https, ([127, 0, 0, 1], 2).into());
        assert_eq!(running.http, Place::At(([127, 0, 0, 1], 3).into()));
        assert_eq!((running.ssh, running.telnet), (Place::Off, Place::Off));
        assert_eq!(running.board, "a", "what it started with");
    }

    #[test]
    fn what_is_neither_an_address_nor_off_is_refused() {
        for text in ["telnet = \"on\"", "ssh = \"22\"", "serial_speed = 0"] {
            let (_folder, path) = written("countersign.toml", text);
            let flags = Flags {
                config: Some(path),
                ..Flags::default()
            };
            let refusal = Config::load(&flags).expect_err(text);
            assert!(
                refusal.contains("off") || refusal.contains("9600"),
                "{refusal}"
            );
        }
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
