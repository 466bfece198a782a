//! What is said of what the unit's own certificate is for, how long, and how strong it is.

use crate::support::{
    Case, DAY, LEAF, Spec, World, chain_of, check_extensions, check_self_signed, finding, with,
    with_note, without,
};
use cert_policy::{Code, Severity};

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
        expired
            .message
            .contains("not known whether this unit's clock is right"),
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
        Case::new([&world.key], &[&leaf]).check(&[expected, Code::IssuedByRoot]);
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
    let short = finding(&verdict, Code::KeyShort);
    assert_eq!(short.came, "RSA 1024");
    assert!(
        short
            .message
            .contains("Chrome and Firefox take them so far"),
        "{short:?}"
    );
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
    let note = finding(&verdict, Code::LifetimeTooLong);
    assert_eq!(note.severity, Severity::Note, "of a CA of one's own");
    let message = &note.message;
    for limit in [
        "binds public CAs only",
        "200 days from 15 Mar 2026",
        "100 from 15 Mar 2027",
        "47 from 15 Mar 2029",
    ] {
        assert!(message.contains(limit), "{message}");
    }
}

#[test]
fn a_lifetime_is_a_warning_only_where_a_public_ca_issued_or_apple_refuses() {
    let world = World::shared();
    let own_policy = with(LEAF, "certificatePolicies=1.3.6.1.4.1.99999.1");
    let public = with(LEAF, "certificatePolicies=2.23.140.1.2.1");
    let logged = with(LEAF, "1.3.6.1.4.1.11129.2.4.2=DER:04:02:00:00");
    for (extensions, days, severity) in [
        (LEAF, 400, Severity::Note),
        (&own_policy, 400, Severity::Note),
        (&public, 400, Severity::Warn),
        (&logged, 400, Severity::Warn),
        (LEAF, 826, Severity::Warn),
    ] {
        let leaf = world.maker.make(&Spec {
            extensions,
            days,
            ..Spec::leaf(&world.key, &world.intermediate)
        });
        let verdict = chain_of(&world, &leaf).verdict();
        let found = finding(&verdict, Code::LifetimeTooLong);
        assert_eq!(found.severity, severity, "{days} {extensions}");
    }
}
