//! Whatever is presented, the judge comes to an end and does not panic.

use crate::support::{CA, Case, LEAF, Spec, World, finding, with};
use cert_policy::{Code, RawCertificate, ServerName, covers};
use der::Decode;

/// How many mutants are tried; the seed is fixed, so that a failure comes back.
const MUTANTS: usize = 3_000;

/// xorshift64, which is random enough for this.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn mutants_of_a_good_chain_are_judged_without_panic() {
    let world = World::shared();
    let names = "subjectAltName=DNS:*.example.net,IP:10.0.0.7,email:a@example.net,\
                 URI:https://example.net/,RID:1.2.3.4";
    let extensions = format!("{}tlsfeature=status_request\n", with(LEAF, names));
    let leaf = world.leaf_with(&extensions);
    let constrained = with(
        CA,
        "nameConstraints=permitted;DNS:example.net,excluded;email:.org",
    );
    let spec = Spec::ca("/CN=Example Root", &world.root_key, None);
    let extensions = constrained.as_str();
    let root = world.maker.make(&Spec { extensions, ..spec });
    let reached_as = ServerName::parse("ntp1.example.net").unwrap();

    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut judged = 0;
    for mutant in 0..MUTANTS {
        let mut presented = [leaf.clone(), world.intermediate.clone(), root.clone()];
        let at = mutant % presented.len();
        let der = &mut presented[at].der;
        for _ in 0..=random.below(3) {
            let place = random.below(der.len());
            der[place] = u8::try_from(random.below(256)).unwrap();
        }
        let Ok(certificate) = RawCertificate::from_der(der) else {
            continue;
        };
        let _ = covers(&certificate, &reached_as);
        presented[at].certificate = certificate;
        let presented: Vec<_> = presented.iter().collect();
        let verdict = Case::new([&world.key], &presented)
            .reached_as(&["10.0.0.7"])
            .verdict();
        assert!(
            !verdict.findings.is_empty(),
            "a note at least: the root is there"
        );
        judged += 1;
    }
    assert!(judged > MUTANTS / 10, "only {judged} mutants could be read");
}

#[test]
fn names_and_constraints_whose_product_is_too_large_are_not_compared() {
    let world = World::shared();
    let list = |section: &str, kind: &str| {
        let lines: String = (0..600)
            .map(|number| format!("{kind}DNS.{number}=h{number}.example.net\n"))
            .collect();
        format!("\n[{section}]\n{lines}")
    };
    let constraints = list("constraints", "excluded;");
    let extensions = with(CA, "nameConstraints=critical,@constraints") + &constraints;
    let issuer = Spec::ca(
        "/CN=Constrained",
        &world.intermediate_key,
        Some(&world.root),
    );
    let issuer = world.maker.make(&Spec {
        extensions: &extensions,
        ..issuer
    });
    let extensions = with(LEAF, "subjectAltName=@names") + &list("names", "");
    let leaf = Spec {
        extensions: &extensions,
        ..Spec::leaf(&world.key, &issuer)
    };
    let leaf = world.maker.make(&leaf);
    let case = Case::new([&world.key], &[&leaf, &issuer]).reached_as(&["h1.example.net"]);
    let codes = [
        Code::ChainTooTangled,
        Code::ChainEndsBeforeRoot,
        Code::CommonNameNotInSan,
    ];
    let verdict = case.check(&codes);
    assert_eq!(
        finding(&verdict, Code::ChainTooTangled).certificate,
        Some(1)
    );
}

#[test]
fn octets_that_do_not_belong_to_the_certificate_are_no_right_signature() {
    let world = World::shared();
    for der in [
        &[][..],
        &[0x30],
        &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        b"no DER at all",
    ] {
        let mut leaf = world.leaf();
        leaf.der = der.to_vec();
        let verdict = Case::new([&world.key], &[&leaf, &world.intermediate]).verdict();
        assert!(verdict.is_refused(), "{der:02x?}");
        finding(&verdict, Code::SignatureWrong);
    }
}
