//! Certificates made with the `openssl` command, and judging them in one line.
//!
//! Nothing is skipped: where OpenSSL is missing or says no, the test fails with what it said.

pub(crate) mod heavy;
mod maker;

pub(crate) use maker::{CA, Key, LEAF, Made, Maker, Spec, replace, with, without};

use cert_policy::{
    Code, Finding, Input, Now, OurKey, Presented, ServerName, Severity, Verdict, judge,
};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

pub(crate) const DAY: i64 = 86_400;

/// A CA of three: a root, an intermediate, and a server key of the unit.
pub(crate) struct World {
    pub(crate) maker: Maker,
    pub(crate) root: Made,
    pub(crate) intermediate: Made,
    pub(crate) root_key: Key,
    pub(crate) intermediate_key: Key,
    pub(crate) key: Key,
}

impl World {
    /// The world of the tests that run at this moment; its folder goes with the last of them.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<World>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let world = Arc::new(Self::new());
            *shared = Arc::downgrade(&world);
            world
        })
    }

    fn new() -> Self {
        let maker = Maker::new();
        let (root_key, intermediate_key) = (maker.key("P-256"), maker.key("P-256"));
        let root = maker.make(&Spec::ca("/CN=Example Root", &root_key, None));
        let spec = Spec::ca("/CN=Example Issuing CA", &intermediate_key, Some(&root));
        let intermediate = maker.make(&spec);
        let key = maker.key("P-256");
        Self {
            maker,
            root,
            intermediate,
            root_key,
            intermediate_key,
            key,
        }
    }

    /// A good leaf of the intermediate.
    pub(crate) fn leaf(&self) -> Made {
        self.maker.make(&Spec::leaf(&self.key, &self.intermediate))
    }

    /// The leaf of the intermediate with other extensions.
    pub(crate) fn leaf_with(&self, extensions: &str) -> Made {
        let spec = Spec::leaf(&self.key, &self.intermediate);
        self.maker.make(&Spec { extensions, ..spec })
    }
}

/// A judgement in the making: a good clock, reached by the name in [`LEAF`].
pub(crate) struct Case<'a> {
    pub(crate) presented: Vec<&'a Made>,
    pub(crate) keys: Vec<&'a Key>,
    pub(crate) reached_as: Vec<&'a str>,
    pub(crate) now: Now,
    pub(crate) subject: Option<Name>,
    pub(crate) names: Vec<GeneralName>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(keys: impl IntoIterator<Item = &'a Key>, presented: &[&'a Made]) -> Self {
        Self {
            presented: presented.to_vec(),
            keys: keys.into_iter().collect(),
            reached_as: vec!["ntp1.example.net"],
            now: Now {
                unix_seconds: unix_seconds(60),
                trusted: true,
            },
            subject: None,
            names: Vec::new(),
        }
    }

    /// Judged so many seconds from now.
    pub(crate) fn seconds_from_now(mut self, seconds: i64) -> Self {
        self.now.unix_seconds = unix_seconds(seconds);
        self
    }

    pub(crate) fn with_a_doubtful_clock(mut self) -> Self {
        self.now.trusted = false;
        self
    }

    pub(crate) fn reached_as(mut self, names: &[&'a str]) -> Self {
        self.reached_as = names.to_vec();
        self
    }

    /// The request made with the keys.
    pub(crate) fn requested(mut self, subject: &str, names: Vec<GeneralName>) -> Self {
        self.subject = Some(subject.parse().unwrap());
        self.names = names;
        self
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let presented: Vec<_> = self
            .presented
            .iter()
            .map(|made| Presented {
                certificate: &made.certificate,
                der: &made.der,
            })
            .collect();
        let our_keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| OurKey {
                public_key: &key.public,
                subject: self.subject.as_ref(),
                names: &self.names,
            })
            .collect();
        let reached_as: Vec<_> = self
            .reached_as
            .iter()
            .map(|name| ServerName::parse(name).unwrap())
            .collect();
        let verdict = judge(&Input {
            presented: &presented,
            our_keys: &our_keys,
            reached_as: &reached_as,
            now: self.now,
        });
        verdict.findings.iter().for_each(check_form);
        verdict
    }

    /// Judges, and compares the codes found with those expected, in whatever order.
    #[track_caller]
    pub(crate) fn check(&self, expected: &[Code]) -> Verdict {
        let verdict = self.verdict();
        let mut expected = expected.to_vec();
        let mut found: Vec<_> = verdict
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{:#?}", verdict.findings);
        verdict
    }
}

/// The finding with that code.
#[track_caller]
pub(crate) fn finding(verdict: &Verdict, code: Code) -> &Finding {
    let mut found = verdict
        .findings
        .iter()
        .filter(|finding| finding.code == code);
    found
        .next()
        .unwrap_or_else(|| panic!("no {code} in {:#?}", verdict.findings))
}

/// What holds for every finding whatever it says.
fn check_form(finding: &Finding) {
    let texts = [&finding.message, &finding.expected, &finding.came];
    for text in texts {
        assert!(!text.is_empty(), "{finding:#?}");
        assert!(!text.contains(char::is_control), "{finding:#?}");
        assert!(text.len() < 40_000, "{finding:#?}");
    }
    assert!(
        finding.message.ends_with(['.', '"']),
        "a sentence: {finding:#?}"
    );
    let needs_remedy = finding.severity != Severity::Note;
    assert!(
        !needs_remedy || finding.remedy.ends_with('.'),
        "{finding:#?}"
    );
    assert!(
        finding.severity >= finding.code.severity(),
        "only ever milder: {finding:#?}"
    );
}

/// Seconds since 1970, so many seconds from now.
pub(crate) fn unix_seconds(from_now: i64) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    now.checked_add_signed(from_now).unwrap()
}

/// Judges a leaf with `extensions` under its intermediate.
#[track_caller]
pub(crate) fn check_extensions(extensions: &str, expected: &[Code]) -> Verdict {
    let world = World::shared();
    let leaf = world.leaf_with(extensions);
    chain_of(&world, &leaf).check(&with_note(expected))
}

/// A case with the intermediate of the world, whose chain ends before its root.
pub(crate) fn chain_of<'a>(world: &'a World, leaf: &'a Made) -> Case<'a> {
    Case::new([&world.key], &[leaf, &world.intermediate])
}

pub(crate) fn with_note(codes: &[Code]) -> Vec<Code> {
    codes
        .iter()
        .copied()
        .chain([Code::ChainEndsBeforeRoot])
        .collect()
}

/// Judges a self-signed leaf.
#[track_caller]
pub(crate) fn check_self_signed(world: &World, key: &Key, spec: &Spec<'_>, expected: &[Code]) {
    let leaf = world.maker.make(spec);
    Case::new([key], &[&leaf]).check(expected);
}
