//! What an administrator can set: one record, and one table of what is in it.
//!
//! A page and a console both show [`Setting::ALL`] and hand what was typed to
//! [`Settings::set`], so that a setting is added in this file alone.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};

use cert_policy::ServerName;
use pki_core::Typed;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::collector::Collector;
use crate::journal::{self, Action, Actor, Event};
use crate::records::IdentityRecord;
use crate::store::{Records, StoreError};
use crate::tls_level::TlsLevel;
use crate::{Error, Unit};

/// Where the store keeps them.
pub(crate) const RECORD: &str = "settings";

/// Minutes of a trial, at most: a day.
const TRIAL_MINUTES_MAX: u16 = 1440;
/// Minutes after which an idle session ends: at least and at most.
const SESSION_MINUTES: std::ops::RangeInclusive<u16> = 10..=1440;
/// So many names of the unit, at most.
const NAMES_MAX: usize = 16;
/// Characters of a token for `/metrics`: at least and at most.
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 20..=128;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// `Strict-Transport-Security`, on or off.
    Hsts,
    /// Whether HTTP leads to HTTPS.
    Http,
    /// The token that opens `/metrics`, or off.
    Metrics,
    /// Names under which people reach the unit.
    Names,
    /// Minutes after which an idle session ends.
    Session,
    /// Whether the console is reached over SSH.
    Ssh,
    /// Where alarms and the journal are sent, or off.
    Syslog,
    /// Whether the console is reached over telnet.
    Telnet,
    /// The TLS level.
    Tls,
    /// Minutes of a trial, or off.
    Trial,
}

impl Setting {
    /// Every setting, in the order in which people see them.
    pub const ALL: [Self; 10] = [
        Self::Names,
        Self::Trial,
        Self::Session,
        Self::Tls,
        Self::Hsts,
        Self::Http,
        Self::Ssh,
        Self::Telnet,
        Self::Syslog,
        Self::Metrics,
    ];

    /// The word for it on a console, such as `trial`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hsts => "hsts",
            Self::Http => "http",
            Self::Metrics => "metrics",
            Self::Names => "names",
            Self::Session => "session",
            Self::Ssh => "ssh",
            Self::Syslog => "syslog",
            Self::Telnet => "telnet",
            Self::Tls => "tls",
            Self::Trial => "trial",
        }
    }

    /// Its label in a form.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Hsts => "Strict-Transport-Security",
            Self::Http => "HTTP",
            Self::Metrics => "Metrics",
            Self::Names => "Names of this unit",
            Self::Session => "Sign-in ends after (minutes without use)",
            Self::Ssh => "SSH",
            Self::Syslog => "Syslog collector",
            Self::Telnet => "Telnet",
            Self::Tls => "TLS level",
            Self::Trial => "Trial of a new certificate (minutes)",
        }
    }

    /// What may be typed, and what it does.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Hsts => {
                "on or off. With on, a browser that has reached this unit by name under a certificate \
                 of a CA refuses any other certificate for that name for a day, without a way past \
                 the warning. The unit's address is always left as a way in."
            }
            Self::Http => {
                "off, redirect or default. With redirect, a browser that asks over HTTP is sent to \
                 HTTPS, and only the pages of Help are shown without it. \
                 default is redirect where the configuration of the unit names an address for it and no \
                 off behind it."
            }
            Self::Metrics => {
                "off, or a token of 20 to 128 letters, digits and signs. Whoever sends it as \
                 \"Authorization: Bearer …\" may read /metrics in the text format of Prometheus. \
                 Only its SHA-256 is kept."
            }
            Self::Names => {
                "The host names under which people reach this unit, with commas or spaces between \
                 them. An alarm tells when the certificate that serves does not cover one. Browsers \
                 that ask for a name that is neither here nor in a certificate or request are turned \
                 away."
            }
            Self::Session => "10 to 1440. A sign-in ends after so many minutes without use.",
            Self::Ssh => {
                "on, off or default, which is on. With on, the console is reached over SSH; \
                 status on any console shows the fingerprint of the unit's host key."
            }
            Self::Telnet => {
                "off, on or default. Telnet encrypts nothing: whoever can listen to the network between \
                 reads the password and can take the console over. Leave it off and use SSH, unless \
                 nothing else reaches the unit. default is on where the configuration of the unit \
                 names an address for it and no off behind it."
            }
            Self::Syslog => {
                "off, or where alarms and the journal are sent (RFC 5424), such as udp:10.0.0.9 or \
                 tcp:logs.example.net:601. The ports are 514 for UDP and 601 for TCP unless given."
            }
            Self::Tls => {
                "standard (TLS 1.2 and 1.3) or high (TLS 1.3 only, no RSA key below 3072 bits). Under \
                 high, a browser without TLS 1.3 no longer gets in; the console can set it back."
            }
            Self::Trial => {
                "1 to 1440, or off. A certificate installed from a browser is taken back after so many \
                 minutes unless somebody signs in over it."
            }
        }
    }

    /// Whether what is typed for it is a secret, which no page and no console
    /// shows again.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Metrics)
    }

    /// The texts to choose from, where there are only some.
    #[must_use]
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Self::Hsts => &["off", "on"],
            Self::Http => &["default", "off", "redirect"],
            Self::Ssh | Self::Telnet => &["default", "off", "on"],
            Self::Tls => &["standard", "high"],
            _ => &[],
        }
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|setting| setting.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("There is no such setting. Choose one of {names}.")
        })
    }
}

/// Whether a listener other than that of HTTPS is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Switch {
    /// As the configuration of the unit has it.
    #[default]
    Default,
    /// It is not.
    Off,
    /// It is.
    On,
}

impl Switch {
    /// Whether it is on, where `default` is how the configuration has it.
    #[must_use]
    pub fn is_on(self, default: bool) -> bool {
        match self {
            Self::Default => default,
            Self::Off => false,
            Self::On => true,
        }
    }

    /// The text of a switch whose "on" has this name.
    fn text(self, on: &'static str) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Off => "off",
            Self::On => on,
        }
    }

    fn of(typed: &str, on: &str, setting: Setting) -> Result<Self, String> {
        match typed {
            "default" => Ok(Self::Default),
            "off" => Ok(Self::Off),
            typed if typed == on => Ok(Self::On),
            _ => Err(not_taken(typed, setting)),
        }
    }
}

/// What [`Switch::On`] is called where HTTP is meant: it does nothing else.
const REDIRECT: &str = "redirect";
const ON: &str = "on";

/// The SHA-256 of the token that opens `/metrics`. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Whether this is the token, compared in constant time.
    #[must_use]
    pub fn fits(&self, token: &str) -> bool {
        Self::of(token).0.ct_eq(&self.0).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash([elided])")
    }
}

/// Everything that an administrator can set, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Settings {
    /// Whether browsers are told to refuse other certificates; default false.
    pub hsts: bool,
    /// Whether HTTP leads to HTTPS.
    pub http: Switch,
    /// Who may read `/metrics`; nobody by default.
    pub metrics: Option<TokenHash>,
    /// The names under which people reach the unit; none by default, at most 16.
    pub names: Vec<String>,
    /// Minutes, 10 to 1440, after which an idle session ends; default 60.
    pub session_minutes: u16,
    /// Whether the console is reached over SSH.
    pub ssh: Switch,
    /// Where alarms and the journal are sent; nowhere by default.
    pub syslog: Option<Collector>,
    /// Whether the console is reached over telnet.
    pub telnet: Switch,
    /// Which connections are taken; default [`TlsLevel::Standard`].
    pub tls: TlsLevel,
    /// Minutes of a trial, 1 to 1440, or 0 for none; default 10.
    pub trial_minutes: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hsts: false,
            http: Switch::Default,
            metrics: None,
            names: Vec::new(),
            session_minutes: 60,
            ssh: Switch::Default,
            syslog: None,
            telnet: Switch::Default,
            tls: TlsLevel::Standard,
            trial_minutes: 10,
        }
    }
}

impl Settings {
    /// How `setting` stands, as a text that [`set`](Self::set) takes; of a token
    /// only that there is one.
    #[must_use]
    pub fn text(&self, setting: Setting) -> String {
        match setting {
            Setting::Hsts => on_or_off(self.hsts).into(),
            Setting::Http => self.http.text(REDIRECT).into(),
            Setting::Metrics => on_or_off(self.metrics.is_some()).into(),
            Setting::Names => self.names.join(", "),
            Setting::Session => self.session_minutes.to_string(),
            Setting::Ssh => self.ssh.text(ON).into(),
            Setting::Syslog => match &self.syslog {
                Some(collector) => collector.to_string(),
                None => "off".into(),
            },
            Setting::Telnet => self.telnet.text(ON).into(),
            Setting::Tls => self.tls.to_string(),
            Setting::Trial if self.trial_minutes == 0 => "off".into(),
            Setting::Trial => self.trial_minutes.to_string(),
        }
    }

    /// Takes what was typed for `setting`.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong and what can be typed; nothing is then
    /// changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cert_lifecycle::{Setting, Settings};
    ///
    /// let mut settings = Settings::default();
    /// settings.set(Setting::Syslog, "udp:10.0.0.9")?;
    /// assert_eq!(settings.text(Setting::Syslog), "udp:10.0.0.9:514");
    /// assert!(settings.set(Setting::Trial, "soon").is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn set(&mut self, setting: Setting, typed: &str) -> Result<(), String> {
        let typed = typed.trim();
        match setting {
            Setting::Hsts => self.hsts = switch(typed)?,
            Setting::Http => self.http = Switch::of(typed, REDIRECT, setting)?,
            Setting::Metrics => match typed {
                "off" => self.metrics = None,
                // What a form sends back when nobody typed a new token.
                "on" if self.metrics.is_some() => {}
                token => self.metrics = Some(TokenHash::of(checked_token(token)?)),
            },
            Setting::Names => self.names = names(typed)?,
            Setting::Session => {
                let minutes = typed.parse().ok();
                let minutes = minutes.filter(|minutes| SESSION_MINUTES.contains(minutes));
                self.session_minutes = minutes.ok_or_else(|| not_taken(typed, setting))?;
            }
            Setting::Ssh => self.ssh = Switch::of(typed, ON, setting)?,
            Setting::Syslog if typed == "off" => self.syslog = None,
            Setting::Syslog => self.syslog = Some(typed.parse()?),
            Setting::Telnet => self.telnet = Switch::of(typed, ON, setting)?,
            Setting::Tls => {
                self.tls = match typed {
                    "standard" => TlsLevel::Standard,
                    "high" => TlsLevel::High,
                    _ => return Err(not_taken(typed, setting)),
                }
            }
            Setting::Trial if typed == "off" => self.trial_minutes = 0,
            Setting::Trial => {
                let minutes = typed.parse().ok();
                let minutes = minutes.filter(|minutes| (1..=TRIAL_MINUTES_MAX).contains(minutes));
                self.trial_minutes = minutes.ok_or_else(|| not_taken(typed, setting))?;
            }
        }
        Ok(())
    }

    /// The settings in which the two differ.
    pub(crate) fn changed_from(&self, before: &Self) -> Vec<Setting> {
        let changed = |setting: &Setting| match setting {
            Setting::Hsts => self.hsts != before.hsts,
            Setting::Http => self.http != before.http,
            Setting::Metrics => self.metrics != before.metrics,
            Setting::Names => self.names != before.names,
            Setting::Session => self.session_minutes != before.session_minutes,
            Setting::Ssh => self.ssh != before.ssh,
            Setting::Syslog => self.syslog != before.syslog,
            Setting::Telnet => self.telnet != before.telnet,
            Setting::Tls => self.tls != before.tls,
            Setting::Trial => self.trial_minutes != before.trial_minutes,
        };
        Setting::ALL.into_iter().filter(changed).collect()
    }
}

impl Unit {
    /// The settings as they stand.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&settings)
    }

    /// Sets these settings to what was typed for them, at once, and leaves all others as
    /// they stand now, whoever has changed them meanwhile. Returns those that differ from
    /// before.
    ///
    /// # Errors
    ///
    /// - [`Error::Setting`] for the first that is not taken.
    /// - [`Error::TlsLevel`] when the key of what serves is too short for the TLS level.
    /// - [`Error::Listener`] when the TLS stack cannot serve it at that level.
    /// - [`Error::Store`] when the store does not take them.
    pub fn change_settings(
        &self,
        typed: &[(Setting, &str)],
        actor: &Actor,
    ) -> Result<Vec<Setting>, Error> {
        let _changing = self.lock();
        let before = self.settings();
        let mut settings = (*before).clone();
        for (setting, typed) in typed {
            let taken = settings.set(*setting, typed);
            taken.map_err(|why| Error::Setting {
                setting: *setting,
                why,
            })?;
        }
        let changed = settings.changed_from(&before);
        if changed.is_empty() {
            return Ok(changed);
        }
        let snapshot = self.store.snapshot()?;
        let serving: Option<IdentityRecord> = snapshot.get(self.serving_slot().key())?;
        let serving = serving.ok_or(Error::NoIdentity("serves"))?;
        let identity = self.identity(&snapshot, &serving)?;
        if settings.tls != before.tls {
            self.check_at(&identity, settings.tls)?;
        }
        let names: Vec<&str> = changed.iter().map(|setting| setting.name()).collect();
        self.store.change(|change| {
            change.put(RECORD, &settings)?;
            let event = Event::of(
                actor,
                Action::Settings,
                format!("changed: {}", names.join(", ")),
            );
            journal::append(change, self.environment.now(), event)
        })?;
        let level = settings.tls;
        self.keep_settings(settings);
        if level != before.tls {
            self.listener
                .serve(&identity, level)
                .map_err(Error::Listener)?;
        }
        Ok(changed)
    }

    pub(crate) fn keep_settings(&self, settings: Settings) {
        let mut kept = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Arc::new(settings);
    }
}

/// The settings that `records` hold, or the defaults where nobody has set any.
pub(crate) fn stored(records: &impl Records) -> Result<Settings, StoreError> {
    Ok(records.get(RECORD)?.unwrap_or_default())
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn switch(typed: &str) -> Result<bool, String> {
    match typed {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{} is neither on nor off.", Typed::new(typed))),
    }
}

fn not_taken(typed: &str, setting: Setting) -> String {
    let help = setting.help();
    let (what, _) = help.split_once(". ").unwrap_or((help, ""));
    format!("{} is not taken. Type {what}.", Typed::new(typed))
}

/// The token itself is never repeated, for it is a secret.
fn checked_token(token: &str) -> Result<&str, String> {
    let chars = token.chars().count();
    if TOKEN_CHARS.contains(&chars) && token.bytes().all(|octet| octet.is_ascii_graphic()) {
        Ok(token)
    } else {
        Err(format!(
            "This token of {chars} characters is not taken. Type 20 to 128 letters, digits and signs \
             without spaces, or off."
        ))
    }
}

fn names(typed: &str) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    let words = typed.split([',', ' ', '\n', '\r']);
    for word in words.map(str::trim).filter(|word| !word.is_empty()) {
        let name = ServerName::parse(word)
            .map_err(|error| format!("{} is no name of a unit: {error}.", Typed::new(word)))?;
        let name = name.to_string();
        if names.contains(&name) {
            continue;
        }
        if names.len() == NAMES_MAX {
            return Err(format!(
                "There are more than {NAMES_MAX} names. Leave out those that nobody uses."
            ));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(setting: Setting, typed: &str, text: &str) {
        let mut settings = Settings::default();
        settings.set(setting, typed).expect("taken");
        assert_eq!(settings.text(setting), text);
        let again = settings.clone();
        settings.set(setting, text).expect("its own text is taken");
        assert_eq!(settings, again);
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        check(Setting::Hsts, "on", "on");
        check(Setting::Metrics, "0123456789abcdefghij", "on");
        check(
            Setting::Names,
            "ntp1.example.net,  10.0.0.7",
            "ntp1.example.net, 10.0.0.7",
        );
        check(Setting::Names, "", "");
        check(Setting::Session, " 10 ", "10");
        check(Setting::Syslog, "off", "off");
        check(
            Setting::Syslog,
            "tcp:logs.example.net",
            "tcp:logs.example.net:601",
        );
        check(
            Setting::Syslog,
            "udp:[2001:db8::7]:5140",
            "udp:[2001:db8::7]:5140",
        );
        check(Setting::Syslog, "udp:2001:db8::7", "udp:[2001:db8::7]:514");
        check(Setting::Http, "redirect", "redirect");
        check(Setting::Ssh, "off", "off");
        check(Setting::Telnet, " on ", "on");
        check(Setting::Telnet, "default", "default");
        check(Setting::Tls, "high", "high");
        check(Setting::Trial, "off", "off");
        check(Setting::Trial, "1440", "1440");
    }

    #[track_caller]
    fn refused(setting: Setting, typed: &str) -> String {
        let mut settings = Settings::default();
        let why = settings.set(setting, typed).expect_err(typed);
        assert_eq!(settings, Settings::default(), "{typed}");
        why
    }

    #[test]
    fn what_is_not_taken_changes_nothing() {
        for (setting, typed) in [
            (Setting::Hsts, "yes"),
            (Setting::Http, "on"),
            (Setting::Names, "*.example.net"),
            (Setting::Session, "9"),
            (Setting::Session, "1441"),
            (Setting::Syslog, "10.0.0.9"),
            (Setting::Syslog, "udp:10.0.0.9:0"),
            (Setting::Syslog, "udp:"),
            (Setting::Syslog, "udp:[2001:db8::7]5140"),
            (Setting::Syslog, "udp:[10.0.0.9"),
            (Setting::Syslog, "tls:10.0.0.9"),
            (Setting::Ssh, "redirect"),
            (Setting::Telnet, "yes"),
            (Setting::Tls, "low"),
            (Setting::Trial, "0"),
            (Setting::Trial, "-1"),
        ] {
            assert!(!refused(setting, typed).is_empty());
        }
    }

    #[test]
    fn a_collector_without_a_host_is_asked_for_one() {
        for typed in ["udp:", "tcp:"] {
            let why = refused(Setting::Syslog, typed);
            assert!(why.starts_with("The collector's host is missing."), "{why}");
            assert!(why.contains(&format!("such as {typed}10.0.0.9")), "{why}");
        }
    }

    #[test]
    fn the_names_are_bounded_and_each_counts_once() {
        let all = |count: u32| {
            let names = (0..count).map(|number| format!("ntp{number}.example.net"));
            names.collect::<Vec<_>>().join(",")
        };
        let mut settings = Settings::default();
        let twice = format!("{}, {}", all(16), all(16));
        settings.set(Setting::Names, &twice).expect("16 names");
        assert_eq!(settings.names.len(), NAMES_MAX);
        assert!(refused(Setting::Names, &all(17)).contains("more than 16"));
    }

    #[test]
    fn a_token_is_neither_repeated_nor_kept() {
        let short = refused(Setting::Metrics, "secret-token-short");
        assert!(!short.contains("secret"), "{short}");
        let mut settings = Settings::default();
        let token = "correct-horse-battery-staple";
        settings.set(Setting::Metrics, token).expect("taken");
        let kept = serde_json::to_string(&settings).expect("JSON");
        assert!(!kept.contains(token) && !format!("{settings:?}").contains(token));
        let hash = settings.metrics.expect("kept");
        assert!(hash.fits(token) && !hash.fits("correct-horse-battery-stapl"));
    }

    #[test]
    fn what_changed_is_named() {
        let mut settings = Settings::default();
        settings.set(Setting::Trial, "off").expect("taken");
        settings.set(Setting::Hsts, "on").expect("taken");
        let changed = settings.changed_from(&Settings::default());
        assert_eq!(changed, [Setting::Trial, Setting::Hsts]);
    }
}
