//! What is said of the CAs above the unit's certificate, and which of them are sent.

mod support;

use cert_policy::{Code, Severity};
use support::{CA, Case, DAY, LEAF, Made, Spec, World, finding, replace, with, without};

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
fn a_chain_in_order_is_taken_and_its_root_not_sent() {
    let world = World::shared();
    let leaf = world.leaf();
    let case = Case::new([&world.key], &[&leaf, &world.intermediate, &world.root]);
    let verdict = case.check(&[Code::RootIncluded]);
    assert_eq!(verdict.chain, [0, 1]);
    assert_eq!(verdict.root, Some(2));
    assert!(!verdict.is_refused());
}

#[test]
fn any_order_is_repaired() {
    let world = World::shared();
    let leaf = world.leaf();
    let (issuer, root) = (&world.intermediate, &world.root);
    for (presented, chain) in [
        ([root, issuer, &leaf], [2, 1]),
        ([issuer, &leaf, root], [1, 0]),
        ([&leaf, root, issuer], [0, 2]),
    ] {
        let case = Case::new([&world.key], &presented);
        let verdict = case.check(&[Code::RootIncluded, Code::OrderRepaired]);
        assert_eq!(verdict.chain, chain);
    }
}

#[test]
fn a_chain_without_its_root_is_fine() {
    let world = World::shared();
    let leaf = world.leaf();
    let case = Case::new([&world.key], &[&leaf, &world.intermediate]);
    let verdict = case.check(&[Code::ChainEndsBeforeRoot]);
    assert_eq!((verdict.chain.len(), verdict.root), (2, None));
}

#[test]
fn a_missing_intermediate_is_asked_for_by_name() {
    let world = World::shared();
    let leaf = world.leaf();
    for (presented, codes) in [
        (vec![&leaf], vec![Code::IntermediateMissing]),
        // The root does not help: it did not issue the leaf.
        (
            vec![&leaf, &world.root],
            vec![Code::IntermediateMissing, Code::CertificatesLeftOut],
        ),
    ] {
        let verdict = Case::new([&world.key], &presented).check(&codes);
        let missing = finding(&verdict, Code::IntermediateMissing);
        assert!(
            missing
                .message
                .starts_with("Browsers will need \"Example Issuing CA\""),
            "{missing:?}"
        );
        assert!(!verdict.is_refused());
    }
}

#[test]
fn duplicates_and_strangers_are_left_out() {
    let world = World::shared();
    let leaf = world.leaf();
    let other_key = world.maker.key("P-256");
    let spec = Spec::ca("/CN=Stranger", &other_key, None);
    let stranger = world.maker.make(&spec);
    let issuer = &world.intermediate;
    let presented = [&leaf, &leaf, issuer, issuer, &stranger];
    let case = Case::new([&world.key], &presented);
    let verdict = case.check(&[
        Code::DuplicatesLeftOut,
        Code::CertificatesLeftOut,
        Code::ChainEndsBeforeRoot,
    ]);
    assert_eq!(verdict.chain, [0, 2]);
    assert!(
        finding(&verdict, Code::CertificatesLeftOut)
            .message
            .contains("\"Stranger\"")
    );
}

#[test]
fn a_wrong_signature_is_refused_and_a_right_one_of_the_same_name_found() {
    let world = World::shared();
    let leaf = world.leaf();
    // Another CA of the same name: an older generation, or somebody's imitation.
    let key = world.maker.key("P-256");
    let spec = Spec::ca("/CN=Example Issuing CA", &key, Some(&world.root));
    let namesake = world.maker.make(&spec);

    let verdict = Case::new([&world.key], &[&leaf, &namesake]).check(&[Code::SignatureWrong]);
    assert!(verdict.is_refused());
    let wrong = finding(&verdict, Code::SignatureWrong);
    assert!(
        wrong
            .message
            .contains("older or newer one of the same name"),
        "{}",
        wrong.message
    );
    assert!(
        wrong.expected.contains("key identifier"),
        "{}",
        wrong.expected
    );

    let case = Case::new([&world.key], &[&leaf, &namesake, &world.intermediate]);
    let verdict = case.check(&[Code::CertificatesLeftOut, Code::ChainEndsBeforeRoot]);
    assert_eq!(verdict.chain, [0, 2]);
}

#[test]
fn a_certificate_changed_after_signing_is_refused_at_every_height() {
    let world = World::shared();
    let leaf = world.leaf();
    let changed = leaf.patched(|der| {
        replace(
            der,
            b"\x82\x10ntp1.example.net",
            b"\x82\x10ntp2.example.net",
        );
    });
    let case = Case::new([&world.key], &[&changed, &world.intermediate]);
    case.reached_as(&[])
        .check(&[Code::SignatureWrong, Code::CommonNameNotInSan]);

    let serial = [0x02, 0x02, 0x10, 0x02];
    let changed = world
        .intermediate
        .patched(|der| replace(der, &serial, &[0x02, 0x02, 0x10, 0x03]));
    let case = Case::new([&world.key], &[&leaf, &changed, &world.root]);
    let verdict = case.check(&[Code::SignatureWrong]);
    assert_eq!(finding(&verdict, Code::SignatureWrong).certificate, Some(1));

    let changed = world
        .root
        .patched(|der| replace(der, &serial, &[0x02, 0x02, 0x10, 0x03]));
    let case = Case::new([&world.key], &[&leaf, &world.intermediate, &changed]);
    let verdict = case.verdict();
    assert_eq!(finding(&verdict, Code::SignatureWrong).certificate, Some(2));
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

#[test]
fn of_cross_signs_the_one_that_reaches_a_root_is_taken() {
    let world = World::shared();
    let leaf = world.leaf();
    // The same intermediate, also signed by a CA that is not in the file.
    let (other_key, absent_key) = (world.maker.key("P-256"), world.maker.key("P-256"));
    let absent = world.maker.make(&Spec::ca("/CN=Absent", &absent_key, None));
    let spec = Spec::ca(
        "/CN=Example Issuing CA",
        &world.intermediate_key,
        Some(&absent),
    );
    let crossed = world.maker.make(&spec);
    let case = Case::new(
        [&world.key],
        &[&leaf, &crossed, &world.intermediate, &world.root],
    );
    let verdict = case.check(&[Code::RootIncluded, Code::CertificatesLeftOut]);
    assert_eq!(
        (verdict.chain.as_slice(), verdict.root),
        (&[0, 2][..], Some(3))
    );

    // With both roots there, the shorter of the two good paths.
    let middle = world
        .maker
        .make(&Spec::ca("/CN=Middle", &other_key, Some(&absent)));
    let spec = Spec::ca(
        "/CN=Example Issuing CA",
        &world.intermediate_key,
        Some(&middle),
    );
    let longer = world.maker.make(&spec);
    let presented = [
        &leaf,
        &longer,
        &middle,
        &absent,
        &world.intermediate,
        &world.root,
    ];
    let verdict = Case::new([&world.key], &presented).verdict();
    assert_eq!(
        (verdict.chain.as_slice(), verdict.root),
        (&[0, 4][..], Some(5))
    );
}

#[test]
fn of_cross_signs_one_that_has_expired_is_avoided() {
    let world = World::shared();
    let leaf = world.leaf();
    let old_key = world.maker.key("P-256");
    let old = world.maker.make(&Spec {
        days: 10,
        ..Spec::ca("/CN=Old Root", &old_key, None)
    });
    let spec = Spec::ca(
        "/CN=Example Issuing CA",
        &world.intermediate_key,
        Some(&old),
    );
    let crossed = world.maker.make(&spec);
    let presented = [&leaf, &crossed, &old, &world.intermediate];
    let case = Case::new([&world.key], &presented).seconds_from_now(20 * DAY);
    let verdict = case.check(&[Code::ChainEndsBeforeRoot, Code::CertificatesLeftOut]);
    assert_eq!(verdict.chain, [0, 3]);
}

#[test]
fn cas_that_signed_each_other_do_not_make_it_go_round_for_ever() {
    let world = World::shared();
    let (one_key, other_key) = (world.maker.key("P-256"), world.maker.key("P-256"));
    let one_root = world.maker.make(&Spec::ca("/CN=One", &one_key, None));
    let other = world
        .maker
        .make(&Spec::ca("/CN=Other", &other_key, Some(&one_root)));
    let one = world
        .maker
        .make(&Spec::ca("/CN=One", &one_key, Some(&other)));
    let leaf = world.maker.make(&Spec::leaf(&world.key, &one));
    let verdict =
        Case::new([&world.key], &[&leaf, &one, &other]).check(&[Code::ChainEndsBeforeRoot]);
    assert_eq!(verdict.chain, [0, 1, 2]);
    let message = &finding(&verdict, Code::ChainEndsBeforeRoot).message;
    assert!(message.contains("in a circle"), "{message}");
}

#[test]
fn a_search_without_end_is_given_up() {
    let world = World::shared();
    // A hundred and one CAs of one name: each has to be asked whether its key signed the leaf.
    let nameless = with(LEAF, "authorityKeyIdentifier=none");
    let leaf = world.leaf_with(&nameless);
    let imitations: Vec<_> = (0..101)
        .map(|_| {
            let key = world.maker.key("P-256");
            world
                .maker
                .make(&Spec::ca("/CN=Example Issuing CA", &key, None))
        })
        .collect();
    let presented: Vec<_> = [&leaf].into_iter().chain(&imitations).collect();
    let case = Case::new([&world.key], &presented);
    let codes = [
        Code::ChainTooTangled,
        Code::CertificatesLeftOut,
        Code::StrictProfile,
    ];
    assert!(case.check(&codes).is_refused());
    // With the right one named by its key identifier it is asked first.
    let leaf = world.leaf();
    let presented: Vec<_> = [&leaf]
        .into_iter()
        .chain(&imitations)
        .chain([&world.intermediate])
        .collect();
    let verdict = Case::new([&world.key], &presented).verdict();
    assert_eq!(verdict.chain, [0, 102]);
}

#[test]
fn names_are_compared_without_regard_to_case_and_string_type() {
    let world = World::shared();
    let key = world.maker.key("P-256");
    let spec = Spec::ca(
        "/O=Exämple  Org/CN=EXAMPLE issuing",
        &key,
        Some(&world.root),
    );
    let issuer = world.maker.make(&spec);
    let spelled = Spec::ca("/O=exämple org/CN=Example Issuing", &key, Some(&world.root));
    let spelled = world.maker.make(&spelled);
    let leaf = world.maker.make(&Spec::leaf(&world.key, &spelled));
    let case = Case::new([&world.key], &[&leaf, &issuer]);
    case.check(&[Code::ChainEndsBeforeRoot]);
}
