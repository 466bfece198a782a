//! Scanners that look at everything, which takes them minutes.

use acceptance::scanners::{nmap_grades, testssl};
use acceptance::{Administrator, Authority, Encoding, Unit};
use anyhow::{Result, ensure};

/// What testssl.sh finds above LOW, and why it is as it should be. What is here and was
/// not found fails too.
const KNOWN: &[(&str, &str)] = &[
    (
        "cipher_order",
        "every suite is strong, and the client knows which its processor does faster; Mozilla's \
         profiles leave the order to the client",
    ),
    (
        "cert_revocation",
        "where its certificates are revoked is for the CA to say, and this one says nothing",
    ),
    ("engine_problem", "it is about the scanner's own OpenSSL"),
];

const NAME: &str = "ntp1.example.net";

#[test]
fn testssl_and_nmap_find_nothing_above_low() -> Result<()> {
    let authority = Authority::new()?;
    for key in [
        &[("key_type", "RSA"), ("key_bits", "2048")][..],
        &[("key_type", "EC P-256")],
    ] {
        let unit = Unit::start()?;
        let mut admin = Administrator::sign_in(&unit)?;
        let fields = [&[("common_name", NAME)], key].concat();
        let issued = authority.sign(&admin.make_request(&fields, &[])?)?;
        let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
        admin.install(&review)?;

        assert_eq!(nmap_grades(unit.address)?, ["A"], "{key:?}");
        let mut severe = testssl(unit.address, NAME, &authority.root())?;
        ensure!(severe.len() > 100, "only {} findings", severe.len());
        severe.retain(|found| !["OK", "INFO", "LOW"].contains(&found.severity.as_str()));
        let unknown: Vec<_> = severe
            .iter()
            .filter(|found| KNOWN.iter().all(|(id, _)| *id != found.id))
            .collect();
        ensure!(unknown.is_empty(), "{key:?}: {unknown:#?}");
        for (id, why) in KNOWN {
            let is_found = severe.iter().any(|found| found.id == *id);
            ensure!(is_found, "{key:?}: {id} is not found any more ({why})");
        }
    }
    Ok(())
}
