//! The keys that may sign in over SSH. Those below and their fingerprints are from
//! `ssh-keygen` and `ssh-keygen -l` of OpenSSH 9.2.

use base64ct::{Base64, Encoding};
use cert_lifecycle::{AUTHORIZED_KEYS_MAX, Action, AuthorizedKeyError, Error, Unit};

use crate::bench::{Bench, admin};

/// Lines that are taken, with their kind and fingerprint.
const TAKEN: [(&str, &str, &str); 3] = [
    (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC5GJJIcx74ZCyStppB+iIkcb7A7vwZ3oW0FwMe9YLEE who@example",
        "Ed25519",
        "SHA256:gcekddGq3D6GnyD2zEUhnEamKiEk9rd21kECvDAqPiY",
    ),
    (
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKSNVRGakIjS5Xshk+ojoI+8/rioQ0ZkPXZKJJ/de4zjXoKA0z3hUWKuTjva9US27tVv4gkxT1jWD4JsYtPhmTM= who@example",
        "ECDSA P-256",
        "SHA256:Ey/yUFns3JprsUlsT6lQ6fc6KLqUcB76qwXGVnqzd9E",
    ),
    (
        "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBIaBR9lBtrgEwP9PVMd4bmaaQbxnOfmiXacCTI3p/CiQmQNDa7tHAjF0qXYFSosqkEH0hemHO+gCNIymsVLsxZVzLLkTdWpSDIvyFzGhEhGhucMcbcya+lmuqvXbpuHTPQ== who@example",
        "ECDSA P-384",
        "SHA256:foxOYFKjV0ZlSlfZrG+FVlLV4UaPSLHRbHsOT9P9u6k",
    ),
];

/// Lines that are not, with their kind.
const NOT_TAKEN: [(&str, &str); 3] = [
    (
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCNwarUK64TWfk86UOPjy/xsxMxYm0q0lc0pBA6QJJw5xtE5AXUSgVmFoMvCoP3gXlZE5AmfwSMJaMmYOCcP2P0Rh5JTS0ftEuBt2opnOKXT1TfV60E+3jp3+3Ra9o6NfcUDNBWbSzEctJSZoknjehpAFqehyTbYZoYwXF8lIizBdDT8kxllVEdKXQHtilSGCzUrkxF1nK/Fr0k2SEYiCPPYNk/vN2gGsBNb9/cW11MoqcaCy3aleZgdMhnCQ6cwvgmUByzksGjz1VacQFR2wO8ct36iSMK7oDWAztzzqEEjsKP2qBy6NEsXNW95BGu9bZQnYZPbvW7Bm9rX7bM209p who@example",
        "RSA 2048",
    ),
    (
        "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAFNWhKfLO1gpQ12+SapbRwuwcY3BSxGnioaKkhyHiMFd2biCXNdlT5V7QhbDGzSaGSVb5t7S0Ns4gcy+U2YKHmWwQH7bnAzShDbqunqe2yPvHcj5lYi3vjtfPytmKLzLOcORDCgd5QxLUf53cS2B1TqIR/urjU3jMPJa21o5DhZJbBCKg==",
        "nistp521",
    ),
    (
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDJOn9aV2GM/G30eY99wSwXfzdZmDb32xW18O433Ygjj352veRJD3VIULdHUhbr2YXOJYpu8BtRWsVtSb2PjV36Lk74+IryzSroz+QYWpG+1eQrCa3JqyvidUeU9s4TaSZWyHhB6ec66qOQQI0Yza7feLG+mU4TA0DR60v9AtyFuQ==",
        "RSA 1024",
    ),
];

fn refused(unit: &Unit, line: &str) -> AuthorizedKeyError {
    match unit.authorize_key(line, &admin()) {
        Err(Error::AuthorizedKey(why)) => why,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn keys_of_strong_kinds_may_sign_in_until_they_are_revoked() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    for (line, kind, sha256) in TAKEN {
        let key = unit.authorize_key(line, &admin()).expect("taken");
        assert_eq!((key.kind.as_str(), key.sha256.as_str()), (kind, sha256));
        assert_eq!(key.comment, "who@example");
        assert_eq!(format!("{} who@example", key.key), line);
        let (_, octets) = key.key.split_once(' ').expect("two words");
        let octets = Base64::decode_vec(octets).expect("Base64");
        assert!(key.is(&octets) && !key.is(&octets[1..]));
        let why = refused(&unit, line);
        assert!(matches!(why, AuthorizedKeyError::Known { .. }), "{why}");
    }
    for (line, kind) in NOT_TAKEN {
        let why = refused(&unit, line).to_string();
        assert!(why.contains(kind) && why.contains("Ed25519"), "{why}");
    }
    let (_, _, gone) = TAKEN[1];
    unit.revoke_key(gone, &admin()).expect("revoked");
    assert!(matches!(
        unit.revoke_key(gone, &admin()),
        Err(Error::NotFound { .. })
    ));
    drop(unit);
    let unit = bench.open().unit;
    let kept = unit.authorized_keys().expect("reads");
    let kept: Vec<&str> = kept.iter().map(|key| key.sha256.as_str()).collect();
    assert_eq!(kept, [TAKEN[0].2, TAKEN[2].2]);
    let journal = unit.journal(99).expect("reads");
    let told = |action| {
        journal
            .iter()
            .filter(|entry| entry.action == action)
            .count()
    };
    assert_eq!(
        (told(Action::KeyAuthorized), told(Action::KeyRevoked)),
        (3, 1)
    );
}

#[test]
fn no_more_keys_are_taken_than_fit() {
    let bench = Bench::new();
    let unit = bench.open().unit;
    let line = |number: u8| {
        let mut octets = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        octets.extend([number; 32]);
        format!("ssh-ed25519 {}", Base64::encode_string(&octets))
    };
    for number in 1_u8.. {
        if usize::from(number) > AUTHORIZED_KEYS_MAX {
            assert_eq!(refused(&unit, &line(number)), AuthorizedKeyError::TooMany);
            break;
        }
        unit.authorize_key(&line(number), &admin()).expect("taken");
    }
    let keys = unit.authorized_keys().expect("reads");
    assert_eq!(keys.len(), AUTHORIZED_KEYS_MAX);
}
