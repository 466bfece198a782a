//! Which certificates are sent, and in which order.

use crate::support::{Case, DAY, LEAF, Spec, World, finding, replace, with};
use cert_policy::{Code, Severity};

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
fn a_certificate_that_a_root_issued_needs_no_intermediate() {
    let world = World::shared();
    let key = world.maker.key("P-256");
    let plain = world.maker.make(&Spec::ca("/CN=Example CA", &key, None));
    let named = world
        .maker
        .make(&Spec::ca("/CN=Example Root CA", &key, None));
    let with_issuer = with(LEAF, "authorityKeyIdentifier=keyid,issuer:always");
    let with_place = with(
        LEAF,
        "authorityInfoAccess=caIssuers;URI:http://ca.example/ca.crt",
    );
    let public = with(LEAF, "certificatePolicies=2.23.140.1.2.1");
    for (issuer, extensions, expected) in [
        (&plain, LEAF, Code::IntermediateMissing),
        (&plain, with_issuer.as_str(), Code::IssuedByRoot),
        (&named, LEAF, Code::IssuedByRoot),
        (&named, &with_place, Code::IntermediateMissing),
        (&named, &public, Code::IntermediateMissing),
        (&world.intermediate, &with_issuer, Code::IntermediateMissing),
    ] {
        let spec = Spec::leaf(&world.key, issuer);
        let leaf = world.maker.make(&Spec { extensions, ..spec });
        let verdict = Case::new([&world.key], &[&leaf]).check(&[expected]);
        let said = finding(&verdict, expected);
        assert_eq!(
            said.severity == Severity::Note,
            expected == Code::IssuedByRoot
        );
        if expected == Code::IssuedByRoot {
            assert!(
                said.message.contains("have to be told to trust it"),
                "{said:?}"
            );
        }
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
fn a_search_without_end_is_given_up_the_sooner_the_more_a_signature_costs() {
    let world = World::shared();
    let unnamed = with(LEAF, "authorityKeyIdentifier=none");
    for (kind, checks_max) in [("P-256", 100), ("P-384", 30)] {
        // CAs of one name: each has to be asked whether its key signed the leaf.
        let issuer_key = world.maker.key(kind);
        let issuer = Spec::ca("/CN=Example Issuing CA", &issuer_key, Some(&world.root));
        let issuer = world.maker.make(&issuer);
        let key = world.maker.key(kind);
        let imitation = Spec::ca("/CN=Example Issuing CA", &key, Some(&world.root));
        let imitation = world.maker.make(&imitation);
        let key = key.public.subject_public_key.raw_bytes();
        let (last, front) = key.split_last().unwrap();
        let imitations: Vec<_> = (1..=checks_max + 1)
            .map(|number| {
                let other_key = [front, &[last ^ number]].concat();
                imitation.patched(|der| replace(der, key, &other_key))
            })
            .collect();
        let leaf = world.maker.make(&Spec {
            extensions: &unnamed,
            ..Spec::leaf(&world.key, &issuer)
        });

        let presented: Vec<_> = [&leaf].into_iter().chain(&imitations).collect();
        let codes = [
            Code::ChainTooTangled,
            Code::CertificatesLeftOut,
            Code::StrictProfile,
        ];
        let case = Case::new([&world.key], &presented);
        assert!(case.check(&codes).is_refused(), "{kind}");
        let case = Case::new([&world.key], &presented[..presented.len() - 1]);
        let verdict = case.verdict();
        finding(&verdict, Code::SignatureWrong);

        // With the right one named by its key identifier it is asked first.
        let leaf = world.maker.make(&Spec::leaf(&world.key, &issuer));
        let front = [&leaf].into_iter().chain(&imitations);
        let presented: Vec<_> = front.chain([&issuer]).collect();
        let verdict = Case::new([&world.key], &presented).verdict();
        assert_eq!(verdict.chain, [0, presented.len() - 1], "{kind}");
    }
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

#[test]
fn a_ca_that_signed_its_new_key_with_its_old_one_is_not_called_wrong() {
    let world = World::shared();
    // RFC 4210 section 4.4: new with old. The old certificate is not in the file.
    let new_key = world.maker.key("P-256");
    let new_with_old = Spec::ca("/CN=Example Root", &new_key, Some(&world.root));
    let new_with_old = world.maker.make(&new_with_old);
    let leaf = world.maker.make(&Spec::leaf(&world.key, &new_with_old));
    let case = Case::new([&world.key], &[&leaf, &new_with_old]);
    let verdict = case.check(&[Code::ChainEndsBeforeRoot]);
    assert_eq!(verdict.chain, [0, 1]);
    let case = Case::new([&world.key], &[&leaf, &new_with_old, &world.root]);
    let verdict = case.check(&[Code::RootIncluded]);
    assert_eq!((verdict.chain.len(), verdict.root), (2, Some(2)));
}
