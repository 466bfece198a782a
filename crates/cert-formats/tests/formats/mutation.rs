//! Damaged input of every kind: never a panic, never more memory than stated, and never a
//! certificate that is not in the file.

use crate::limits::read_measured;
use crate::support::ber::{Liberties, rewrite, signed_data};
use crate::support::tools::{openssl, pki_file};
use crate::support::{CHAIN_PEM, REQUEST_PEM, base64, chain, encode_pem};

/// How often each seed is damaged. `COUNTERSIGN_MUTATIONS` sets another number.
const MUTATIONS: usize = 300;

/// A generator of numbers that are the same in each run (Marsaglia, "Xorshift RNGs").
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn octet(&mut self) -> u8 {
        // Octets that mean something to a reader more often than others.
        const TELLING: &[u8] = &[
            0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x30, 0x31, 0xa0, b'-', b'=', b'\n', b'\r',
        ];
        match self.below(2) {
            0 => TELLING[self.below(TELLING.len())],
            _ => self.next().to_le_bytes()[0],
        }
    }

    fn damage(&mut self, octets: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(octets.len());
            let end = (at + self.below(40)).min(octets.len());
            match self.below(6) {
                0 => octets.truncate(at),
                1 => drop(octets.drain(at..end)),
                2 => {
                    let copy = octets[at..end].to_vec();
                    let to = self.below(octets.len());
                    octets.splice(to..to, copy);
                }
                3 => octets.insert(at, self.octet()),
                _ if at < octets.len() => octets[at] = self.octet(),
                _ => {}
            }
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let packed = signed_data(1, &chain().concat(), &[]);
    let loose = Liberties {
        indefinite: true,
        longer: 1,
        segments: Some(50),
    };
    let signed = openssl(
        "cms -sign -in content -signer leaf.pem -inkey leaf.key -nodetach -stream -outform DER",
        b"",
    );
    vec![
        CHAIN_PEM.into(),
        REQUEST_PEM.into(),
        chain()[0].clone(),
        chain().concat(),
        rewrite(&chain()[0], loose),
        rewrite(&packed, loose),
        encode_pem("PKCS7", &packed).into(),
        base64(&packed).into(),
        format!("\u{feff}{CHAIN_PEM}")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect(),
        openssl("x509 -in leaf.pem -text", b""),
        pki_file("crl.pem"),
        packed,
        signed,
    ]
}

#[test]
fn damage_never_breaks_the_reader() {
    let mutations = match std::env::var("COUNTERSIGN_MUTATIONS") {
        Ok(number) => number.parse().expect("COUNTERSIGN_MUTATIONS is a number"),
        Err(_) => MUTATIONS,
    };
    let mut numbers = Numbers(0x5eed);
    for seed in seeds() {
        for _ in 0..mutations {
            let mut upload = seed.clone();
            numbers.damage(&mut upload);
            let Ok(bundle) = read_measured(&upload) else {
                continue;
            };
            assert!(!bundle.certificates.is_empty());
            for certificate in &bundle.certificates {
                // What is shown was read from the octets that are kept.
                let again = read_measured(certificate.der()).expect("it was read before");
                assert_eq!(again.certificates, std::slice::from_ref(certificate));
            }
        }
    }
}

#[test]
fn the_damage_is_worth_the_name() {
    let mut numbers = Numbers(0x5eed);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..1_000 {
        let mut upload = CHAIN_PEM.as_bytes().to_vec();
        numbers.damage(&mut upload);
        match read_measured(&upload) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 300 && read > 10, "{refused} refused, {read} read");
}

#[test]
fn noise_never_breaks_the_reader() {
    let mut numbers = Numbers(0xacce55);
    for _ in 0..MUTATIONS {
        let len = numbers.below(3_000);
        let mut noise: Vec<u8> = (0..len).map(|_| numbers.octet()).collect();
        let _ = read_measured(&noise);
        noise.splice(..0, [0x30, 0x80]);
        let _ = read_measured(&noise);
    }
}
