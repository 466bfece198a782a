//! What is true of every field, whatever a person types into it.

use chacha20::ChaCha20Rng;
use pki_core::{
    ChallengePassword, CommonName, CountryCode, Digest, DirectoryName, EmailAddress, Error,
    KeySpec, LocalityName, OrganizationName, OrganizationalUnitName, PassPhrase, StateName,
    SubjectAltName, SubjectAltNameKind, UnstructuredName,
};
use rand_core::{Rng, SeedableRng};
use x509_cert::ext::pkix::name::GeneralName;

/// Texts that fields take, to begin with.
const GOOD: &[&str] = &[
    "ntp1.example.net",
    "10.0.0.7",
    "[2001:db8::7]",
    "time@example.net",
    "https://ntp1.example.net:8443/a?b=%20#c",
    "1.3.6.1.4.1.18837",
    "C=FR, O=Example, OU=Time, CN=ntp1",
    "FR",
    "RSA 2048",
    "SHA-256",
    "Zeit & Söhne",
];

/// What people and attackers put into them.
const PARTS: &[&str] = &[
    "",
    " ",
    ".",
    "..",
    "-",
    "_",
    "*",
    "*.",
    "@",
    ":",
    "/",
    "//",
    "\\",
    ",",
    "=",
    "%",
    "%2",
    "[",
    "]",
    "\"",
    "'",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{7f}",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "ü",
    "東",
    "😀",
    "a\u{308}",
    "0",
    "9",
    "256",
    "4294967296",
    "a",
    "Z",
    "xn--",
    "<script>",
    "CN=",
];

/// A good text, damaged a little or a lot.
fn damaged(rng: &mut impl Rng) -> String {
    let mut below = |limit: usize| usize::try_from(rng.next_u32()).expect("32 bits fit") % limit;
    let mut text: Vec<char> = GOOD[below(GOOD.len())].chars().collect();
    for _ in 0..below(6) {
        let at = below(text.len() + 1);
        match below(3) {
            0 => text.truncate(at),
            _ => drop(text.splice(at..at, PARTS[below(PARTS.len())].chars())),
        }
    }
    let times = if below(50) == 0 { 60 } else { 1 };
    text.repeat(times).into_iter().collect()
}

fn each_typed(mut check: impl FnMut(&str)) {
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    GOOD.iter().chain(PARTS).for_each(|typed| check(typed));
    (0..20_000).for_each(|_| check(&damaged(&mut rng)));
}

/// The errors of every parser for a text.
fn errors(typed: &str) -> Vec<Error> {
    let parsed = [
        ChallengePassword::parse(typed).err(),
        CommonName::parse(typed).err(),
        CountryCode::parse(typed).err(),
        typed.parse::<Digest>().err(),
        DirectoryName::parse(typed, typed, typed, typed).err(),
        EmailAddress::parse(typed).err(),
        typed.parse::<KeySpec>().err(),
        LocalityName::parse(typed).err(),
        OrganizationName::parse(typed).err(),
        OrganizationalUnitName::parse(typed).err(),
        PassPhrase::parse(typed).err(),
        StateName::parse(typed).err(),
        typed.parse::<SubjectAltNameKind>().err(),
        UnstructuredName::parse(typed).err(),
    ];
    let names = SubjectAltNameKind::ALL.map(|kind| SubjectAltName::parse(kind, typed).err());
    parsed.into_iter().chain(names).flatten().collect()
}

#[test]
fn every_message_is_a_sentence_that_fits_beside_a_field() {
    each_typed(|typed| {
        for error in errors(typed) {
            let message = error.to_string();
            let first = message.chars().next().expect("a message");
            assert!(first.is_uppercase() || first == '"', "{message}");
            assert!(message.ends_with('.'), "{message}");
            assert!(message.chars().count() <= 500, "{message}");
            assert!(typed.contains("  ") || !message.contains("  "), "{message}");
        }
    });
}

#[test]
fn no_message_has_a_character_that_cannot_be_seen() {
    each_typed(|typed| {
        for error in errors(typed) {
            let message = error.to_string();
            let hidden = |c: char| c.is_control() || "\u{202e}\u{200b}\u{feff}".contains(c);
            assert!(!message.contains(hidden), "{message:?}");
        }
    });
}

#[test]
fn what_is_taken_is_taken_again_as_it_is_shown() {
    each_typed(|typed| {
        for kind in SubjectAltNameKind::ALL {
            if let Ok(name) = SubjectAltName::parse(kind, typed) {
                assert_eq!(
                    SubjectAltName::parse(kind, &name.value()),
                    Ok(name),
                    "{typed:?}"
                );
            }
        }
        if let Ok(name) = CommonName::parse(typed) {
            assert_eq!(CommonName::parse(name.as_str()), Ok(name), "{typed:?}");
        }
    });
}

#[test]
fn what_is_taken_can_be_encoded_and_is_no_wildcard() {
    let mut taken = 0;
    each_typed(|typed| {
        for kind in SubjectAltNameKind::ALL {
            if let Ok(name) = SubjectAltName::parse(kind, typed) {
                taken += 1;
                assert!(GeneralName::try_from(&name).is_ok(), "{typed:?}");
                let is_host = kind == SubjectAltNameKind::Dns;
                assert!(!is_host || !name.value().contains('*'), "{typed:?} {name}");
            }
        }
    });
    assert!(taken > 1000, "only {taken} texts were taken");
}

#[test]
fn no_message_repeats_a_secret() {
    each_typed(|typed| {
        let typed = format!("{typed}canary{typed}");
        let phrase = PassPhrase::parse(&typed.repeat(20)).err();
        for error in [phrase, ChallengePassword::parse(&typed.repeat(20)).err()] {
            assert!(!format!("{error:?}").contains("canary"));
        }
    });
}
