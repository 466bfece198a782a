//! Private keys.

use std::ops::ControlFlow;

use pki_core::{Error, KeySpec, PrivateKey, Progress};
use rand_core::{CryptoRng, Infallible, TryCryptoRng, TryRng};

use crate::judge::{Bench, key, rng, rsa};

/// Reads the numbers that `openssl rsa -text` prints and checks the conditions
/// of FIPS 186-5 A.1.1 and A.1.3 on them with Python's own arithmetic.
const FIPS_186_5: &str = r#"
import math, random, re, sys

def number(text, label):
    shown = re.search(label + r":\n((?:    [0-9a-f:]+\n)+)", text).group(1)
    return int(re.sub(r"[\s:]", "", shown), 16)

def is_prime(n):
    if n < 2 or n % 2 == 0:
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(5):
        x = pow(random.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = pow(x, 2, n)
            if x == n - 1:
                break
        else:
            return False
    return True

for argument in sys.argv[1:]:
    bits = int(argument)
    text = open(f"{bits}.txt").read()
    n, d = number(text, "modulus"), number(text, "privateExponent")
    p, q = number(text, "prime1"), number(text, "prime2")
    e, k = 65537, bits // 2
    assert "publicExponent: 65537 (0x10001)" in text
    assert n == p * q and n.bit_length() == bits
    assert p > q
    assert is_prime(p) and is_prime(q)
    for prime in (p, q):
        assert 2 * prime * prime > 2 ** bits and prime.bit_length() == k
        assert math.gcd(e, prime - 1) == 1
    assert p - q > 2 ** (k - 100)
    assert d > 2 ** k and d * e % math.lcm(p - 1, q - 1) == 1 and d < math.lcm(p - 1, q - 1)
    assert number(text, "exponent1") == d % (p - 1)
    assert number(text, "exponent2") == d % (q - 1)
    assert number(text, "coefficient") * q % p == 1
"#;

#[test]
fn rsa_keys_of_every_length_are_what_fips_186_5_asks_for() {
    // All 1793 lengths take minutes: `cargo xtask test --long` tries them.
    let all = std::env::var("COUNTERSIGN_EXTENT").is_ok_and(|extent| extent == "every");
    let lengths: Vec<u16> = if all {
        (512..=4096).step_by(2).collect()
    } else {
        let short = (512..=640).step_by(2);
        short
            .chain((642..=1600).step_by(62))
            .chain([1024, 2048, 3072])
            .collect()
    };
    check(&lengths, |bits| key(rsa(bits)));
    let step = if all { 1 } else { 7 };
    let lengths: Vec<u16> = lengths.into_iter().step_by(step).collect();
    let mut rng = rng(21);
    check(&lengths, |bits| on_all_cores(rsa(bits), &mut rng).unwrap());
}

/// Has OpenSSL and Python judge a key of each length.
fn check(lengths: &[u16], mut make: impl FnMut(u16) -> PrivateKey) {
    let bench = Bench::new();
    for bits in lengths {
        bench.put("key.der", make(*bits).to_pkcs8_der());
        let text = bench.openssl("pkey -inform DER -in key.der -check -text -noout");
        assert!(text.contains("Key is valid"), "{bits}: {text}");
        assert!(
            text.contains(&format!("Private-Key: ({bits} bit, 2 primes)")),
            "{bits}: {text}"
        );
        bench.put(&format!("{bits}.txt"), text);
    }
    for lengths in lengths.chunks(100) {
        let lengths: Vec<_> = lengths.iter().map(u16::to_string).collect();
        bench.python(FIPS_186_5, &lengths.join(" "));
    }
}

#[test]
fn the_longest_rsa_key_is_made() {
    check(&[4096], |bits| key(rsa(bits)));
}

#[test]
fn ec_keys_are_on_their_curve() {
    for (spec, bits, curve) in [
        (KeySpec::EcP256, 256, "prime256v1"),
        (KeySpec::EcP384, 384, "secp384r1"),
    ] {
        let bench = Bench::new();
        bench.put("key.der", key(spec).to_pkcs8_der());
        let text = bench.openssl("pkey -inform DER -in key.der -check -text -noout");
        for expected in [
            "Key is valid",
            &format!("Private-Key: ({bits} bit)"),
            &format!("ASN1 OID: {curve}"),
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

#[test]
fn the_public_key_is_that_of_the_private_key() {
    for spec in [rsa(512), rsa(1030), KeySpec::EcP256, KeySpec::EcP384] {
        let key = key(spec);
        let bench = Bench::new();
        bench.put("key.der", key.to_pkcs8_der());
        bench.openssl("pkey -inform DER -in key.der -pubout -outform DER -out public.der");
        let ours = der::Encode::to_der(key.public_key()).unwrap();
        assert_eq!(ours, bench.read("public.der"), "{spec}");
    }
}

#[test]
fn a_key_is_read_as_it_is_written() {
    for spec in [
        rsa(512),
        rsa(514),
        rsa(1024),
        KeySpec::EcP256,
        KeySpec::EcP384,
    ] {
        let key = key(spec);
        let written = key.to_pkcs8_der();
        let read = PrivateKey::from_pkcs8_der(&written).unwrap();
        assert_eq!(read.spec(), spec);
        assert_eq!(read.public_key(), key.public_key());
        assert_eq!(read.to_pkcs8_der(), written);
    }
}

#[test]
fn keys_that_openssl_made_are_read() {
    for (options, spec) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:512", rsa(512)),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", rsa(1024)),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", rsa(2048)),
        (
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
            KeySpec::EcP256,
        ),
        (
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
            KeySpec::EcP384,
        ),
    ] {
        let bench = Bench::new();
        bench.openssl(&format!("genpkey {options} -out key.pem"));
        bench.openssl("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der");
        bench.openssl("pkey -inform DER -in key.der -pubout -outform DER -out public.der");
        let key = PrivateKey::from_pkcs8_der(&bench.read("key.der")).unwrap();
        assert_eq!(key.spec(), spec);
        assert_eq!(
            der::Encode::to_der(key.public_key()).unwrap(),
            bench.read("public.der")
        );
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    for (options, expected) in [
        ("-algorithm ED25519", Error::KeyUnsupported),
        (
            "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:1024",
            Error::KeyUnsupported,
        ),
        (
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
            Error::KeyUnsupported,
        ),
        (
            "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
            Error::KeyUnsupported,
        ),
        (
            "-algorithm RSA -pkeyopt rsa_keygen_bits:1023",
            Error::RsaBitsOdd { bits: 1023 },
        ),
        (
            "-algorithm RSA -pkeyopt rsa_keygen_bits:4098",
            Error::RsaBits { bits: 4098 },
        ),
    ] {
        let bench = Bench::new();
        bench.openssl(&format!("genpkey {options} -out key.pem"));
        bench.openssl("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der");
        let refused = PrivateKey::from_pkcs8_der(&bench.read("key.der"));
        assert_eq!(refused.unwrap_err(), expected, "{options}");
    }
}

#[test]
fn damaged_keys_are_refused() {
    for spec in [rsa(512), KeySpec::EcP256, KeySpec::EcP384] {
        let key = key(spec);
        let der = key.to_pkcs8_der();
        for length in 0..der.len() {
            assert!(
                PrivateKey::from_pkcs8_der(&der[..length]).is_err(),
                "{spec} {length}"
            );
        }
        for index in 0..der.len() {
            let mut damaged = der.clone();
            damaged[index] ^= 1;
            // What is still a key is one that contradicts nothing: the same one.
            if let Ok(read) = PrivateKey::from_pkcs8_der(&damaged) {
                assert_eq!(read.to_pkcs8_der(), der, "{spec} {index}");
            }
        }
    }
}

#[test]
fn a_key_does_not_show_itself() {
    let key = key(KeySpec::EcP256);
    assert_eq!(format!("{key:?}"), "PrivateKey(EC P-256, [secret elided])");
}

#[test]
fn two_keys_from_the_same_octets_are_the_same_and_others_are_not() {
    for spec in [rsa(512), KeySpec::EcP256] {
        let [one, same, other] = [3, 3, 4].map(|seed| {
            PrivateKey::generate(spec, &mut rng(seed), &mut |_| ControlFlow::Continue(())).unwrap()
        });
        assert_eq!(one.public_key(), same.public_key());
        assert_ne!(one.public_key(), other.public_key());
    }
}

#[test]
fn progress_begins_at_nothing_and_never_falls() {
    for seed in 0..20 {
        let mut seen: Vec<Progress> = Vec::new();
        let key = PrivateKey::generate(rsa(512), &mut rng(seed), &mut |progress| {
            seen.push(progress);
            ControlFlow::Continue(())
        });
        assert!(key.is_ok());
        let [first, .., last] = &seen[..] else {
            panic!("two primes take two steps at least")
        };
        assert!(first.fraction == 0.0 && first.candidates == 0);
        assert!(last.fraction > 0.99 && last.fraction <= 1.0, "{last:?}");
        for pair in seen.windows(2) {
            assert!(pair[0].fraction <= pair[1].fraction, "{pair:?}");
            let more = pair[1].candidates - pair[0].candidates;
            assert!(more <= 1, "{pair:?}");
        }
    }
}

#[test]
fn the_work_expected_is_the_work_done_on_average() {
    let candidates: u32 = (0..100)
        .map(|seed| {
            let mut tried = 0;
            let mut count = |progress: Progress| {
                tried = progress.candidates;
                ControlFlow::Continue(())
            };
            PrivateKey::generate(rsa(512), &mut rng(seed), &mut count).unwrap();
            u32::from(tried)
        })
        .sum();
    // One in 256 · ln 2 numbers is prime, and of all numbers, those without a factor below
    // 4096 are one in e^γ · ln 4096, so that two primes take 24. Of 100 keys the mean lies
    // within a quarter of that, by three standard deviations.
    assert!((18..=30).contains(&(candidates / 100)), "{candidates}");
}

#[test]
fn a_key_can_be_cancelled_at_every_step() {
    for spec in [rsa(512), rsa(4096), KeySpec::EcP256, KeySpec::EcP384] {
        for steps in [1, 2, 5, 20] {
            let mut seen = 0;
            let made = PrivateKey::generate(spec, &mut rng(5), &mut |_| {
                seen += 1;
                if seen == steps {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            match spec {
                KeySpec::Rsa(_) => assert_eq!(made.unwrap_err(), Error::Cancelled),
                // An EC key is one step.
                _ => assert_eq!(made.is_err(), steps == 1),
            }
            assert!(seen <= steps, "work went on after it was cancelled");
        }
    }
}

/// A generator that is broken: it always gives the same octet.
struct Stuck(u8);

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        dst.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

#[test]
fn a_broken_generator_is_noticed_and_does_not_hang() {
    fn generate(rng: &mut dyn CryptoRng) -> Result<PrivateKey, Error> {
        PrivateKey::generate(rsa(512), rng, &mut |_| ControlFlow::Continue(()))
    }
    for octet in [0x00, 0xff] {
        assert_eq!(
            generate(&mut Stuck(octet)).unwrap_err(),
            Error::Randomness,
            "{octet}"
        );
    }
}

fn on_all_cores(spec: KeySpec, rng: &mut (dyn CryptoRng + Send)) -> Result<PrivateKey, Error> {
    PrivateKey::generate_on_all_cores(spec, rng, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn progress_of_all_cores_never_falls_and_ends_at_all() {
    for seed in 0..20 {
        let mut seen: Vec<Progress> = Vec::new();
        let key = PrivateKey::generate_on_all_cores(rsa(512), &mut rng(seed), &mut |progress| {
            seen.push(progress);
            ControlFlow::Continue(())
        });
        assert!(key.is_ok());
        assert_eq!(seen[0].fraction, 0.0);
        for pair in seen.windows(2) {
            assert!(pair[0].fraction <= pair[1].fraction, "{pair:?}");
            assert!(pair[0].candidates <= pair[1].candidates, "{pair:?}");
        }
        assert!(seen.last().unwrap().fraction <= 1.0);
    }
}

#[test]
fn a_key_of_all_cores_can_be_cancelled_at_every_step() {
    for spec in [rsa(512), rsa(4096), KeySpec::EcP256] {
        for steps in [1, 2, 5] {
            let mut seen = 0;
            let mut cancel = |_| {
                seen += 1;
                if seen == steps {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let made = PrivateKey::generate_on_all_cores(spec, &mut rng(5), &mut cancel);
            // On a busy machine the other cores may have made a short key before this one
            // has seen so many steps.
            assert_eq!(made.err(), (seen == steps).then_some(Error::Cancelled));
            match spec {
                KeySpec::EcP256 => assert_eq!(seen, 1, "it has one step"),
                spec if spec == rsa(4096) => assert_eq!(seen, steps),
                _ => assert!(seen <= steps, "work went on after it was cancelled"),
            }
        }
    }
}

#[test]
fn all_cores_notice_a_broken_generator_and_do_not_hang() {
    for octet in [0x00, 0xff] {
        let made = on_all_cores(rsa(512), &mut Stuck(octet));
        assert_eq!(made.unwrap_err(), Error::Randomness, "{octet}");
    }
}
