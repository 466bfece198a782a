//! What is said of the unit's own certificate. Each test makes a certificate with one fault and
//! sees that fault found and nothing else.

mod support;

use cert_policy::{Code, Severity};
use support::{CA, Case, DAY, Key, LEAF, Made, Spec, World, finding, replace, with, without};

/// Judges a leaf with `extensions` under its intermediate.
#[track_caller]
fn check_extensions(extensions: &str, expected: &[Code]) -> cert_policy::Verdict {
    let world = World::shared();
    let leaf = world.leaf_with(extensions);
    chain_of(&world, &leaf).check(&with_note(expected))
}

/// A case with the intermediate of the world, whose chain ends before its root.
fn chain_of<'a>(world: &'a World, leaf: &'a Made) -> Case<'a> {
    Case::new([&world.key], &[leaf, &world.intermediate])
}

fn with_note(codes: &[Code]) -> Vec<Code> {
    codes
        .iter()
        .copied()
        .chain([Code::ChainEndsBeforeRoot])
        .collect()
}

/// Judges a self-signed leaf.
#[track_caller]
fn check_self_signed(world: &World, key: &Key, spec: &Spec<'_>, expected: &[Code]) {
    let leaf = world.maker.make(spec);
    Case::new([key], &[&leaf]).check(expected);
}

#[test]
fn a_good_certificate_is_taken_and_openssl_agrees() {
    let world = World::shared();
    let leaf = world.leaf();
    assert!(leaf.openssl_verifies(&world.root, &[&world.intermediate]));
    let verdict = chain_of(&world, &leaf).check(&[Code::ChainEndsBeforeRoot]);
    assert!(!verdict.is_refused());
    assert_eq!(verdict.chain, [0, 1]);
    assert_eq!(
        verdict
            .pairing
            .map(|pairing| (pairing.certificate, pairing.key)),
        Some((0, 0))
    );
}

#[test]
fn a_good_self_signed_certificate_needs_no_chain() {
    let world = World::shared();
    check_self_signed(&world, &world.key, &Spec::self_signed(&world.key), &[]);
}

#[test]
fn a_ca_certificate_is_no_leaf() {
    let ca = with(
        &with(LEAF, "basicConstraints=critical,CA:TRUE"),
        "keyUsage=critical,digitalSignature,keyCertSign",
    );
    let verdict = check_extensions(&ca, &[Code::LeafIsCa]);
    assert!(verdict.is_refused());
}

#[test]
fn a_wildcard_among_the_names_is_refused() {
    let verdict = check_extensions(
        &with(
            LEAF,
            "subjectAltName=DNS:ntp1.example.net,DNS:*.example.net",
        ),
        &[Code::Wildcard],
    );
    let wildcard = finding(&verdict, Code::Wildcard);
    assert!(
        wildcard
            .message
            .starts_with("\"*.example.net\" is a wildcard."),
        "{wildcard:?}"
    );
    assert!(
        wildcard.remedy.contains("\"ntp1.example.net\""),
        "{wildcard:?}"
    );
}

#[test]
fn a_wildcard_as_common_name_is_refused() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        subject: "/CN=*.example.net",
        ..spec
    });
    chain_of(&world, &leaf).check(&[Code::Wildcard, Code::ChainEndsBeforeRoot]);
}

#[test]
fn stars_in_a_common_name_that_is_no_pattern_are_not_a_wildcard() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        subject: "/CN=Rack 7 *main* clock",
        ..spec
    });
    chain_of(&world, &leaf).check(&[Code::ChainEndsBeforeRoot]);
}

#[test]
fn names_that_are_malformed_are_refused_one_by_one() {
    for (value, said) in [
        ("DER:30:00", "is empty or cannot be read"),
        ("DER:04:00", "is empty or cannot be read"),
        ("DER:30:02:82:00", "\"\" is empty"),
        // ntp1.example.net, NUL, .org
        (
            "DER:30:17:82:15:6e:74:70:31:2e:65:78:61:6d:70:6c:65:2e:6e:65:74:00:2e:6f:72:67",
            "\"ntp1.example.net<U+0000>.org\" contains NUL",
        ),
        ("DER:30:05:87:03:0a:00:00", "neither 4 nor 16 octets"),
        ("DER:30:0a:87:08:0a:00:00:00:ff:00:00:00", "a mask"),
        // A name in UTF-8 instead of its xn-- form.
        (
            "DER:30:08:82:06:7a:c3:bc:2e:63:68",
            "\"zü.ch\" cannot be read",
        ),
    ] {
        let extensions = with(LEAF, &format!("subjectAltName={value}"));
        let world = World::shared();
        // What is covered, and what the Common Name is beside it, is another matter here.
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let plain = world.maker.make(&Spec {
            subject: "/CN=clock",
            extensions: &extensions,
            ..spec
        });
        let case = chain_of(&world, &plain).reached_as(&[]);
        let verdict = case.check(&[Code::SanMalformed, Code::ChainEndsBeforeRoot]);
        let message = &finding(&verdict, Code::SanMalformed).message;
        assert!(message.contains(said), "{value}: {message}");
    }
}

#[test]
fn version_1_has_no_names_and_is_refused() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec {
        extensions: "",
        ..spec
    });
    assert!(
        leaf.certificate.tbs_certificate().extensions().is_none(),
        "OpenSSL made version 3"
    );
    chain_of(&world, &leaf).check(&with_note(&[Code::VersionNot3, Code::NoSan]));
}

#[test]
fn an_empty_issuer_is_refused() {
    let world = World::shared();
    let nameless = world.maker.make(&Spec::ca("/", &world.root_key, None));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &nameless));
    let verdict = Case::new([&world.key], &[&leaf]).verdict();
    let codes: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect();
    assert_eq!(codes, [Code::IssuerEmpty, Code::IntermediateMissing]);
}

#[test]
fn other_extended_key_usages_without_server_auth_are_refused() {
    for usage in [
        "clientAuth,emailProtection",
        "anyExtendedKeyUsage",
        "1.2.3.4",
    ] {
        let extensions = with(LEAF, &format!("extendedKeyUsage={usage}"));
        let verdict = check_extensions(&extensions, &[Code::ServerAuthMissing]);
        let came = &finding(&verdict, Code::ServerAuthMissing).came;
        assert!(came.starts_with(usage.split(',').next().unwrap()), "{came}");
    }
    check_extensions(&with(LEAF, "extendedKeyUsage=clientAuth,serverAuth"), &[]);
}

#[test]
fn no_extended_key_usage_at_all_is_a_warning() {
    check_extensions(
        &without(LEAF, "extendedKeyUsage"),
        &[Code::ExtendedKeyUsageAbsent],
    );
}

#[test]
fn key_usage_without_digital_signature_is_refused() {
    let verdict = check_extensions(
        &with(LEAF, "keyUsage=critical,keyEncipherment"),
        &[Code::DigitalSignatureMissing],
    );
    let came = &finding(&verdict, Code::DigitalSignatureMissing).came;
    assert!(came == "keyEncipherment", "{came}");
    check_extensions(&without(LEAF, "keyUsage"), &[]);
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let unknown = with(LEAF, "1.3.6.1.4.1.55738.666.1=critical,DER:05:00");
    let verdict = check_extensions(&unknown, &[Code::UnknownCriticalExtension]);
    let came = &finding(&verdict, Code::UnknownCriticalExtension).came;
    assert_eq!(came, "1.3.6.1.4.1.55738.666.1");
    check_extensions(&with(LEAF, "1.3.6.1.4.1.55738.666.1=DER:05:00"), &[]);
    check_extensions(
        &with(LEAF, "certificatePolicies=critical,2.23.140.1.2.1"),
        &[],
    );
}

#[test]
fn a_duplicate_extension_is_refused() {
    let world = World::shared();
    // OpenSSL does not write one twice, so the last arc of another is changed to match.
    let pair = format!("{LEAF}1.2.3.4=DER:05:00\n1.2.3.5=DER:05:00\n");
    let leaf = world.leaf_with(&pair);
    let leaf = world.maker.resigned(&leaf, &world.intermediate_key, |tbs| {
        replace(
            tbs,
            &[0x06, 0x03, 0x2A, 0x03, 0x05],
            &[0x06, 0x03, 0x2A, 0x03, 0x04],
        );
    });
    let verdict = chain_of(&world, &leaf).check(&with_note(&[Code::DuplicateExtension]));
    assert_eq!(finding(&verdict, Code::DuplicateExtension).came, "1.2.3.4");
}

#[test]
fn a_malformed_extension_is_refused() {
    for extension in [
        "keyUsage=critical,DER:04:00",
        "extendedKeyUsage=DER:30:00",
        "basicConstraints=critical,DER:30:03:02:01:05:00",
        "authorityInfoAccess=DER:30:00",
        "certificatePolicies=DER:30:05:06",
        "crlDistributionPoints=DER:31:00",
    ] {
        let extensions = with(LEAF, extension);
        check_extensions(&extensions, &[Code::ExtensionMalformed]);
    }
}

#[test]
fn malformed_key_identifiers_are_refused() {
    let world = World::shared();
    let leaf = world.leaf();
    // OBJECT subjectKeyIdentifier, OCTET STRING, and in it an OCTET STRING made a UTF8String;
    // OBJECT authorityKeyIdentifier, OCTET STRING, and in it a SEQUENCE made a SET.
    for (old, new) in [
        ([0x06, 0x03, 0x55, 0x1D, 0x0E, 0x04, 0x16, 0x04], 0x0C),
        ([0x06, 0x03, 0x55, 0x1D, 0x23, 0x04, 0x18, 0x30], 0x31),
    ] {
        let leaf = world.maker.resigned(&leaf, &world.intermediate_key, |tbs| {
            let [front @ .., _] = old;
            replace(tbs, &old, &[&front[..], &[new]].concat());
        });
        chain_of(&world, &leaf).check(&with_note(&[Code::ExtensionMalformed]));
    }
}

#[test]
fn a_precertificate_is_refused() {
    let poison = with(LEAF, "1.3.6.1.4.1.11129.2.4.3=critical,DER:05:00");
    check_extensions(&poison, &[Code::Precertificate]);
}

#[test]
fn must_staple_is_a_warning() {
    check_extensions(
        &with(LEAF, "tlsfeature=status_request"),
        &[Code::MustStaple],
    );
}

#[test]
fn an_inverted_validity_is_refused() {
    let world = World::shared();
    let spec = Spec::leaf(&world.key, &world.intermediate);
    let leaf = world.maker.make(&Spec { days: -1, ..spec });
    chain_of(&world, &leaf).check(&with_note(&[Code::ValidityInverted]));
}

#[test]
fn an_expired_certificate_is_refused_while_the_clock_is_right() {
    let world = World::shared();
    let leaf = world.leaf();
    let case = || chain_of(&world, &leaf).seconds_from_now(43 * DAY + 60);
    let verdict = case().check(&with_note(&[Code::Expired]));
    assert!(verdict.is_refused());
    let message = &finding(&verdict, Code::Expired).message;
    assert!(
        message.starts_with("The certificate expired 3 days ago ("),
        "{message}"
    );

    let verdict = case()
        .with_a_doubtful_clock()
        .check(&with_note(&[Code::Expired]));
    assert!(!verdict.is_refused());
    let expired = finding(&verdict, Code::Expired);
    assert_eq!(expired.severity, Severity::Warn);
    assert!(
        expired.message.contains("not known to be right"),
        "{}",
        expired.message
    );
}

#[test]
fn both_ends_of_the_validity_are_part_of_it() {
    let world = World::shared();
    let leaf = world.leaf();
    let validity = leaf.certificate.tbs_certificate().validity();
    let start = validity.not_before.to_unix_duration().as_secs();
    let end = validity.not_after.to_unix_duration().as_secs();
    for (unix_seconds, expected) in [
        (start - 1, vec![Code::NotYetValid, Code::NotYetValid]),
        (start, vec![]),
        (end, vec![]),
        (end + 1, vec![Code::Expired]),
    ] {
        let mut case = chain_of(&world, &leaf);
        case.now.unix_seconds = unix_seconds;
        let codes = case
            .verdict()
            .findings
            .into_iter()
            .map(|finding| finding.code);
        let codes: Vec<_> = codes
            .filter(|code| *code != Code::ChainEndsBeforeRoot)
            .collect();
        // The CA was made within the same second as the leaf or in one before.
        assert!(
            expected.starts_with(&codes) && codes.is_empty() == expected.is_empty(),
            "{codes:?}"
        );
    }
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_a_warning() {
    let world = World::shared();
    let spec = Spec::self_signed(&world.key);
    let leaf = world.maker.make(&spec);
    let verdict = Case::new([&world.key], &[&leaf]).seconds_from_now(-2 * DAY);
    let verdict = verdict.check(&[Code::NotYetValid]);
    let message = &finding(&verdict, Code::NotYetValid).message;
    assert!(
        message.starts_with("\"ntp1.example.net\" begins to be valid in "),
        "{message}"
    );
}

#[test]
fn no_subject_alternative_name_is_a_warning() {
    let verdict = check_extensions(&without(LEAF, "subjectAltName"), &[Code::NoSan]);
    let message = &finding(&verdict, Code::NoSan).message;
    assert!(
        message.contains("Common Name (\"ntp1.example.net\")"),
        "{message}"
    );
}

#[test]
fn every_name_the_unit_is_reached_by_and_that_is_not_covered_is_listed() {
    let world = World::shared();
    let leaf = world.leaf();
    let reached_as = ["10.0.0.7", "ntp1.example.net", "ntp2.example.net", "::1"];
    let case = chain_of(&world, &leaf).reached_as(&reached_as);
    let verdict = case.check(&with_note(&[Code::NameNotCovered]));
    let not_covered = finding(&verdict, Code::NameNotCovered);
    assert_eq!(
        not_covered.expected,
        "\"10.0.0.7\", \"ntp2.example.net\" and \"::1\""
    );
    assert_eq!(not_covered.came, "\"ntp1.example.net\"");
}

#[test]
fn a_ca_that_signs_with_sha1_is_a_warning_and_with_md5_refused() {
    let world = World::shared();
    let rsa = world.maker.key("RSA:2048");
    let root = world.maker.make(&Spec::ca("/CN=RSA Root", &rsa, None));
    for (digest, expected) in [("-sha1", Code::SignatureSha1), ("-md5", Code::SignatureMd5)] {
        let leaf = world.maker.make(&Spec {
            options: &[digest],
            ..Spec::leaf(&world.key, &root)
        });
        let verdict =
            Case::new([&world.key], &[&leaf, &root]).check(&[expected, Code::RootIncluded]);
        assert_eq!(verdict.is_refused(), digest == "-md5");
        // That the file holds no issuer does not make the digest better.
        Case::new([&world.key], &[&leaf]).check(&[expected, Code::IntermediateMissing]);
    }
}

#[test]
fn a_self_signed_certificate_with_a_legacy_digest_or_a_short_key_is_a_warning() {
    let world = World::shared();
    for (bits, digest, expected) in [
        (2048, "-sha256", vec![]),
        (2048, "-sha1", vec![Code::SelfSignedLegacyDigest]),
        (2048, "-md5", vec![Code::SelfSignedLegacyDigest]),
        (1024, "-sha256", vec![Code::KeyShort]),
        (
            1024,
            "-md5",
            vec![Code::KeyShort, Code::SelfSignedLegacyDigest],
        ),
        (512, "-sha256", vec![Code::KeyShort]),
    ] {
        let key = world.maker.key(&format!("RSA:{bits}"));
        let spec = Spec {
            options: &[digest],
            ..Spec::self_signed(&key)
        };
        let leaf = world.maker.make(&spec);
        let verdict = Case::new([&key], &[&leaf]).check(&expected);
        assert!(!verdict.is_refused(), "{bits} {digest}");
    }
}

#[test]
fn a_key_below_2048_bits_signed_by_a_ca_is_a_warning() {
    let world = World::shared();
    let key = world.maker.key("RSA:1024");
    let leaf = world.maker.make(&Spec::leaf(&key, &world.intermediate));
    let case = Case::new([&key], &[&leaf, &world.intermediate]);
    let verdict = case.check(&with_note(&[Code::KeyShort]));
    assert_eq!(finding(&verdict, Code::KeyShort).came, "RSA 1024");
}

#[test]
fn keys_browsers_cannot_use_are_told() {
    let world = World::shared();
    for (key, expected) in [
        (world.maker.key("ED25519"), Code::KeyUncommon),
        (world.maker.key("P-521"), Code::KeyUncommon),
        (world.maker.key("P-192"), Code::KeyUnusable),
        (world.maker.dsa_key(), Code::KeyUnusable),
    ] {
        let leaf = world.maker.make(&Spec::leaf(&key, &world.intermediate));
        Case::new([&key], &[&leaf, &world.intermediate]).check(&with_note(&[expected]));
    }
}

#[test]
fn odd_serial_numbers_are_a_warning() {
    let world = World::shared();
    for (serial, said) in [
        ("-5", Some("negative")),
        ("0", Some("zero")),
        ("0x7f00000000000000000000000000000000000000", None),
        (
            "0x8000000000000000000000000000000000000000",
            Some("21 octets long"),
        ),
        (
            "0x010000000000000000000000000000000000000000",
            Some("21 octets long"),
        ),
    ] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { serial, ..spec });
        let expected = said
            .map(|_| Code::SerialUnusual)
            .into_iter()
            .collect::<Vec<_>>();
        let verdict = chain_of(&world, &leaf).check(&with_note(&expected));
        if let Some(said) = said {
            let message = &finding(&verdict, Code::SerialUnusual).message;
            assert!(
                message.starts_with(&format!("The serial number is {said}.")),
                "{message}"
            );
        }
    }
}

#[test]
fn a_lifetime_above_what_browsers_accept_is_a_warning() {
    let world = World::shared();
    for (days, expected) in [(40, vec![]), (826, vec![Code::LifetimeTooLong])] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { days, ..spec });
        chain_of(&world, &leaf).check(&with_note(&expected));
        let spec = Spec {
            days,
            ..Spec::self_signed(&world.key)
        };
        check_self_signed(&world, &world.key, &spec, &expected);
    }
    let spec = Spec {
        days: 825,
        ..Spec::self_signed(&world.key)
    };
    check_self_signed(&world, &world.key, &spec, &[]);
    let spec = Spec {
        days: 825,
        ..Spec::leaf(&world.key, &world.intermediate)
    };
    let leaf = world.maker.make(&spec);
    let verdict = chain_of(&world, &leaf).check(&with_note(&[Code::LifetimeTooLong]));
    let message = &finding(&verdict, Code::LifetimeTooLong).message;
    for limit in [
        "200 days from 15 Mar 2026",
        "100 from 15 Mar 2027",
        "47 from 15 Mar 2029",
    ] {
        assert!(message.contains(limit), "{message}");
    }
}

#[test]
fn an_address_written_as_a_dns_name_is_a_warning() {
    for address in ["10.0.0.7", "10.0.0.0/8", "2001:db8::7", "[2001:db8::7]"] {
        let names = format!("{LEAF}\n[san]\nDNS.1=ntp1.example.net\nDNS.2={address}\n");
        let extensions = names.replace("DNS:ntp1.example.net", "@san");
        check_extensions(&extensions, &[Code::IpAsDns]);
    }
}

#[test]
fn a_dns_name_that_is_no_host_name_is_a_warning() {
    for name in [
        "ntp1 .example.net",
        ".example.net",
        "ntp1..example.net",
        "-ntp1.example.net",
        "ntp1.example.net.",
        "https://ntp1.example.net",
    ] {
        let names = format!("{LEAF}\n[san]\nDNS.1=ntp1.example.net\nDNS.2={name}\n");
        let extensions = names.replace("DNS:ntp1.example.net", "@san");
        let verdict = check_extensions(&extensions, &[Code::DnsNameMalformed]);
        let came = &finding(&verdict, Code::DnsNameMalformed).came;
        assert_eq!(came, &format!("{name:?}"));
    }
}

#[test]
fn control_and_direction_characters_in_names_are_a_warning_and_spelled_out() {
    let world = World::shared();
    for (subject, shown) in [
        ("/CN=clock\u{7}", "clock<U+0007>"),
        ("/CN=\u{202e}kcolc", "<U+202E>kcolc"),
        ("/O=Exam\u{200b}ple/CN=clock", "Exam<U+200B>ple"),
    ] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { subject, ..spec });
        let case = chain_of(&world, &leaf);
        let case = case.requested("CN=clock", Vec::new());
        let verdict = case.verdict();
        let came = &finding(&verdict, Code::ControlCharacters).came;
        assert_eq!(came, &format!("\"{shown}\""));
        let codes = verdict
            .findings
            .iter()
            .filter(|found| found.severity < Severity::Note);
        assert_eq!(codes.count(), 1, "{:#?}", verdict.findings);
    }
}

#[test]
fn a_common_name_that_is_a_host_but_not_among_the_names_is_a_warning() {
    let world = World::shared();
    for (subject, expected) in [
        ("/CN=ntp2.example.net", vec![Code::CommonNameNotInSan]),
        ("/CN=10.0.0.7", vec![Code::CommonNameNotInSan]),
        ("/CN=NTP1.EXAMPLE.NET", vec![]),
        ("/CN=Rack 7", vec![]),
        ("/CN=Dr. No", vec![]),
        ("/O=Example", vec![]),
    ] {
        let spec = Spec::leaf(&world.key, &world.intermediate);
        let leaf = world.maker.make(&Spec { subject, ..spec });
        chain_of(&world, &leaf).check(&with_note(&expected));
    }
}

#[test]
fn departures_that_strict_clients_refuse_are_a_warning_and_openssl_agrees() {
    let world = World::shared();
    let leaf = Spec::leaf(&world.key, &world.intermediate);
    let nameless = Spec {
        subject: "/",
        ..Spec::leaf(&world.key, &world.intermediate)
    };
    let sign = with(LEAF, "keyUsage=critical,digitalSignature,keyCertSign");
    let path = with(LEAF, "basicConstraints=critical,CA:FALSE,pathlen:0");
    for (spec, extensions, said) in [
        (
            &leaf,
            with(LEAF, "authorityKeyIdentifier=none"),
            "no authorityKeyIdentifier",
        ),
        (
            &nameless,
            LEAF.into(),
            "an empty subject, and subjectAltName not critical",
        ),
        (&leaf, sign, "keyCertSign without basicConstraints CA:TRUE"),
        (
            &leaf,
            path,
            "a path length without the right to sign certificates",
        ),
    ] {
        let made = world.maker.make(&Spec {
            extensions: &extensions,
            ..*spec
        });
        let verdict = chain_of(&world, &made).check(&with_note(&[Code::StrictProfile]));
        assert_eq!(finding(&verdict, Code::StrictProfile).came, said);
        assert!(
            !made.openssl_verifies(&world.root, &[&world.intermediate]),
            "{said}"
        );
    }
    let critical = with(LEAF, "subjectAltName=critical,DNS:ntp1.example.net");
    let made = world.maker.make(&Spec {
        extensions: &critical,
        ..nameless
    });
    assert!(made.openssl_verifies(&world.root, &[&world.intermediate]));
    chain_of(&world, &made).check(&[Code::ChainEndsBeforeRoot]);
}

#[test]
fn name_constraints_in_a_leaf_are_a_departure() {
    let verdict = check_extensions(
        &with(LEAF, "nameConstraints=permitted;DNS:example.net"),
        &[Code::StrictProfile],
    );
    assert_eq!(
        finding(&verdict, Code::StrictProfile).came,
        "nameConstraints without a CA"
    );
}

#[test]
fn two_signature_algorithms_in_one_certificate_are_refused() {
    let world = World::shared();
    let leaf = world.leaf();
    // ecdsa-with-SHA256 inside becomes ecdsa-with-SHA384; the signature is then wrong as well.
    let sha256 = [
        0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
    ];
    let patched = leaf.patched(|der| {
        let inner = (0..der.len())
            .find(|at| der[*at..].starts_with(&sha256))
            .unwrap();
        der[inner + 11] = 0x03;
    });
    let codes = [Code::SignatureAlgorithmsDiffer, Code::SignatureWrong];
    let verdict = chain_of(&world, &patched).check(&codes);
    let differ = finding(&verdict, Code::SignatureAlgorithmsDiffer);
    assert!(
        differ.message.contains("ecdsa-with-SHA384"),
        "{}",
        differ.message
    );
}

#[test]
fn an_explicit_default_does_not_make_a_right_signature_wrong() {
    let world = World::shared();
    // basicConstraints with cA FALSE written out, which encoding it again would drop.
    let explicit = with(LEAF, "basicConstraints=critical,DER:30:03:01:01:00");
    let leaf = world.leaf_with(&explicit);
    chain_of(&world, &leaf).check(&[Code::ChainEndsBeforeRoot]);
}

#[test]
fn everything_is_told_at_once() {
    let world = World::shared();
    let key = world.maker.key("RSA:1024");
    let extensions = "keyUsage=keyEncipherment\nextendedKeyUsage=clientAuth\n\
                      subjectAltName=DNS:*.example.net,DNS:10.0.0.7\nauthorityKeyIdentifier=none\n1.2.3=critical,DER:05:00\n";
    let spec = Spec {
        extensions,
        days: 900,
        serial: "0",
        ..Spec::leaf(&key, &world.intermediate)
    };
    let leaf = world.maker.make(&spec);
    let case = Case::new([&key], &[&leaf]).seconds_from_now(901 * DAY);
    let verdict = case.reached_as(&["10.0.0.7"]).check(&[
        Code::Wildcard,
        Code::ServerAuthMissing,
        Code::DigitalSignatureMissing,
        Code::UnknownCriticalExtension,
        Code::Expired,
        Code::NameNotCovered,
        Code::KeyShort,
        Code::IntermediateMissing,
        Code::SerialUnusual,
        Code::LifetimeTooLong,
        Code::IpAsDns,
        Code::StrictProfile,
    ]);
    assert!(
        verdict
            .findings
            .is_sorted_by_key(|finding| finding.severity)
    );
    assert!(
        verdict
            .findings
            .iter()
            .all(|finding| finding.certificate == Some(0))
    );
}

#[test]
fn a_self_signed_certificate_that_was_changed_is_refused() {
    let world = World::shared();
    let leaf = world.maker.make(&Spec::self_signed(&world.key));
    let changed = leaf.patched(|der| {
        replace(
            der,
            b"\x82\x10ntp1.example.net",
            b"\x82\x10ntp2.example.net",
        )
    });
    let case = Case::new([&world.key], &[&changed]).reached_as(&["ntp2.example.net"]);
    case.check(&[Code::SignatureWrong, Code::CommonNameNotInSan]);
}

#[test]
fn a_self_signed_ca_certificate_of_our_key_is_refused() {
    let world = World::shared();
    let extensions = format!(
        "{}subjectAltName=DNS:ntp1.example.net\nextendedKeyUsage=serverAuth\n",
        CA.replace("keyUsage=critical,", "keyUsage=critical,digitalSignature,")
    );
    let spec = Spec {
        extensions: &extensions,
        ..Spec::self_signed(&world.key)
    };
    check_self_signed(&world, &world.key, &spec, &[Code::LeafIsCa]);
}
