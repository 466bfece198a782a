//! What is said of the CAs above the unit's certificate.

use crate::support::{CA, Case, DAY, LEAF, Made, Spec, World, finding, with, without};
use cert_policy::{Code, Severity};

/// An intermediate with other extensions, and a leaf below it.
fn below(world: &World, extensions: &str) -> (Made, Made) {
    let issuer = Spec::ca(
        "/CN=Example Issuing CA 2",
        &world.intermediate_key,
        Some(&world.root),
    );
    let issuer = world.maker.make(&Spec {
        extensions,
        ..issuer
    });
    let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
    (issuer, leaf)
}

#[track_caller]
fn check_issuer(extensions: &str, expected: &[Code]) -> cert_policy::Verdict {
    let world = World::shared();
    let (issuer, leaf) = below(&world, extensions);
    let expected: Vec<_> = expected
        .iter()
        .copied()
        .chain([Code::RootIncluded])
        .collect();
    let case = Case::new([&world.key], &[&leaf, &issuer, &world.root]);
    let verdict = case.check(&expected);
    assert_eq!(
        (verdict.chain.as_slice(), verdict.root),
        (&[0, 1][..], Some(2))
    );
    verdict
}

#[test]
fn an_issuer_that_is_no_ca_is_refused() {
    let verdict = check_issuer(
        &with(
            &without(CA, "keyUsage"),
            "basicConstraints=critical,CA:FALSE",
        ),
        &[Code::IssuerNotCa],
    );
    assert_eq!(finding(&verdict, Code::IssuerNotCa).certificate, Some(1));
    let neither = without(&without(CA, "keyUsage"), "basicConstraints");
    check_issuer(&neither, &[Code::IssuerNotCa]);
    check_issuer(&with(CA, "keyUsage=critical,cRLSign"), &[Code::IssuerNotCa]);
}

#[test]
fn a_version_1_root_is_taken_and_a_version_1_intermediate_not() {
    let world = World::shared();
    // Without a key identifier above, there is none to name below.
    let extensions = with(LEAF, "authorityKeyIdentifier=none");
    let below = |issuer| Spec {
        extensions: &extensions,
        ..Spec::leaf(&world.key, issuer)
    };

    let root_key = world.maker.key("P-256");
    let version_1 = Spec {
        extensions: "",
        ..Spec::ca("/CN=Old Root", &root_key, None)
    };
    let root = world.maker.make(&version_1);
    assert!(root.certificate.tbs_certificate().extensions().is_none());
    let leaf = world.maker.make(&below(&root));
    let case = Case::new([&world.key], &[&leaf, &root]);
    case.check(&[Code::StrictProfile, Code::RootIncluded]);

    let issuer = Spec::ca("/CN=Old CA", &world.intermediate_key, Some(&world.root));
    let issuer = world.maker.make(&Spec {
        extensions: "",
        ..issuer
    });
    let leaf = world.maker.make(&below(&issuer));
    let case = Case::new([&world.key], &[&leaf, &issuer, &world.root]);
    case.check(&[Code::IssuerNotCa, Code::StrictProfile, Code::RootIncluded]);
}

#[test]
fn a_ca_without_a_key_identifier_is_a_departure() {
    let world = World::shared();
    let extensions = with(CA, "subjectKeyIdentifier=none");
    let issuer = Spec::ca(
        "/CN=Example Issuing CA 4",
        &world.intermediate_key,
        Some(&world.root),
    );
    let issuer = world.maker.make(&Spec {
        extensions: &extensions,
        ..issuer
    });
    let extensions = with(LEAF, "authorityKeyIdentifier=none");
    let leaf = Spec {
        extensions: &extensions,
        ..Spec::leaf(&world.key, &issuer)
    };
    let leaf = world.maker.make(&leaf);
    let case = Case::new([&world.key], &[&leaf, &issuer]);
    let codes = [
        Code::StrictProfile,
        Code::StrictProfile,
        Code::ChainEndsBeforeRoot,
    ];
    let said: Vec<_> = case
        .check(&codes)
        .findings
        .into_iter()
        .map(|found| found.came)
        .collect();
    assert_eq!(
        said[..2],
        ["no authorityKeyIdentifier", "no subjectKeyIdentifier"]
    );
}

#[test]
fn an_issuer_for_other_purposes_than_servers_is_refused() {
    check_issuer(
        &with(CA, "extendedKeyUsage=emailProtection"),
        &[Code::IssuerNotForServers],
    );
    check_issuer(&with(CA, "extendedKeyUsage=clientAuth,serverAuth"), &[]);
    check_issuer(&with(CA, "extendedKeyUsage=anyExtendedKeyUsage"), &[]);
}

#[test]
fn faults_in_the_form_of_an_issuer_are_told_as_those_of_the_leaf_are() {
    for (extensions, expected) in [
        (
            with(CA, "1.2.3.4=critical,DER:05:00"),
            Code::UnknownCriticalExtension,
        ),
        (
            with(CA, "certificatePolicies=DER:05:00"),
            Code::ExtensionMalformed,
        ),
        (with(CA, "basicConstraints=CA:TRUE"), Code::StrictProfile),
        (without(CA, "keyUsage"), Code::StrictProfile),
    ] {
        let verdict = check_issuer(&extensions, &[expected]);
        assert_eq!(finding(&verdict, expected).certificate, Some(1));
    }
}

#[test]
fn an_expired_issuer_is_refused_while_the_clock_is_right() {
    let world = World::shared();
    let issuer = Spec::ca(
        "/CN=Example Issuing CA 3",
        &world.intermediate_key,
        Some(&world.root),
    );
    let issuer = world.maker.make(&Spec { days: 10, ..issuer });
    let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
    let case = || Case::new([&world.key], &[&leaf, &issuer]).seconds_from_now(20 * DAY);
    let codes = [Code::IssuerExpired, Code::ChainEndsBeforeRoot];
    let verdict = case().check(&codes);
    assert!(verdict.is_refused());
    assert_eq!(finding(&verdict, Code::IssuerExpired).certificate, Some(1));
    let verdict = case().with_a_doubtful_clock().check(&codes);
    assert!(!verdict.is_refused());
    assert_eq!(
        finding(&verdict, Code::IssuerExpired).severity,
        Severity::Warn
    );
}

#[test]
fn a_short_issuer_key_is_refused_also_in_a_root() {
    let world = World::shared();
    let key = world.maker.key("RSA:1024");
    let root = world.maker.make(&Spec::ca("/CN=Weak Root", &key, None));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &root));
    let case = Case::new([&world.key], &[&leaf, &root]);
    case.check(&[Code::IssuerKeyWeak, Code::RootIncluded]);

    let issuer = world
        .maker
        .make(&Spec::ca("/CN=Weak CA", &key, Some(&world.root)));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
    let case = Case::new([&world.key], &[&leaf, &issuer]);
    case.check(&[Code::IssuerKeyWeak, Code::ChainEndsBeforeRoot]);
}

#[test]
fn md5_and_sha1_count_in_intermediates_but_not_in_a_root() {
    let world = World::shared();
    let key = world.maker.key("RSA:2048");
    for (digest, expected) in [("-md5", Code::SignatureMd5), ("-sha1", Code::SignatureSha1)] {
        let options = &[digest];
        let root = world.maker.make(&Spec {
            options,
            ..Spec::ca("/CN=RSA Root", &key, None)
        });
        let spec = Spec::ca("/CN=RSA CA", &world.intermediate_key, Some(&root));
        let issuer = world.maker.make(&Spec { options, ..spec });
        let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
        let case = Case::new([&world.key], &[&leaf, &issuer, &root]);
        let verdict = case.check(&[expected, Code::RootIncluded]);
        assert_eq!(finding(&verdict, expected).certificate, Some(1));
    }
}

#[test]
fn a_path_length_is_kept_and_openssl_agrees() {
    let world = World::shared();
    let tight = with(CA, "basicConstraints=critical,CA:TRUE,pathlen:0");
    let root_key = world.maker.key("P-256");
    let spec = Spec::ca("/CN=Tight Root", &root_key, None);
    let root = world.maker.make(&Spec {
        extensions: &tight,
        ..spec
    });
    let leaf = world.maker.make(&Spec::leaf(&world.key, &root));
    Case::new([&world.key], &[&leaf, &root]).check(&[Code::RootIncluded]);

    let issuer = Spec::ca("/CN=Below", &world.intermediate_key, Some(&root));
    let issuer = world.maker.make(&issuer);
    let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
    let case = Case::new([&world.key], &[&leaf, &issuer, &root]);
    let verdict = case.check(&[Code::PathLengthExceeded, Code::RootIncluded]);
    let message = &finding(&verdict, Code::PathLengthExceeded).message;
    assert_eq!(
        message,
        "\"Tight Root\" allows 0 CAs below it, and there is 1 CA."
    );
    assert!(!leaf.openssl_verifies(&root, &[&issuer]));

    // A CA that issued to itself, for a new key, does not count.
    let new_root = world
        .maker
        .make(&Spec::ca("/CN=Tight Root", &world.root_key, Some(&root)));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &new_root));
    assert!(leaf.openssl_verifies(&root, &[&new_root]));
    Case::new([&world.key], &[&leaf, &new_root, &root]).check(&[Code::RootIncluded]);
}

#[test]
fn a_path_length_may_be_a_large_number() {
    check_issuer(
        &with(CA, "basicConstraints=critical,CA:TRUE,pathlen:70000"),
        &[],
    );
}

#[test]
fn name_constraints_are_kept_and_openssl_agrees() {
    let world = World::shared();
    for (constraint, violated) in [
        ("permitted;DNS:example.net", false),
        ("permitted;DNS:example.org", true),
        ("excluded;DNS:ntp1.example.net", true),
        ("excluded;DNS:ntp2.example.net", false),
        ("permitted;IP:10.0.0.0/255.0.0.0", false),
        ("permitted;dirName:names", true),
        ("excluded;dirName:names", false),
    ] {
        let names = "\n[names]\nO=Another\n";
        let extensions = with(CA, &format!("nameConstraints=critical,{constraint}")) + names;
        let (issuer, leaf) = below(&world, &extensions);
        let expected: &[_] = if violated {
            &[Code::NameConstraintsViolated]
        } else {
            &[]
        };
        let case = Case::new([&world.key], &[&leaf, &issuer, &world.root]);
        case.check(&[expected, &[Code::RootIncluded]].concat());
        assert_eq!(
            leaf.openssl_verifies(&world.root, &[&issuer]),
            !violated,
            "{constraint}"
        );
    }
}

#[test]
fn name_constraints_bind_what_is_further_below_too() {
    let world = World::shared();
    let root_key = world.maker.key("P-256");
    let constrained = with(CA, "nameConstraints=critical,permitted;DNS:example.org");
    let spec = Spec::ca("/CN=Constrained Root", &root_key, None);
    let root = world.maker.make(&Spec {
        extensions: &constrained,
        ..spec
    });
    let issuer = world
        .maker
        .make(&Spec::ca("/CN=Below", &world.intermediate_key, Some(&root)));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
    let case = Case::new([&world.key], &[&leaf, &issuer, &root]);
    let verdict = case.check(&[Code::NameConstraintsViolated, Code::RootIncluded]);
    let violated = finding(&verdict, Code::NameConstraintsViolated);
    assert_eq!(violated.certificate, Some(2));
    assert!(
        violated
            .message
            .contains("\"ntp1.example.net\" is not in \"example.org\""),
        "{violated:?}"
    );
}
