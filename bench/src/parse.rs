//! Reading certificates, against x509-parser and OpenSSL.

use anyhow::{Result, ensure};
use cert_formats::{RawCertificate, read};
use der::Decode as _;
use openssl::pkcs7::Pkcs7;
use openssl::x509::X509;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::Pem;

use crate::Extent;
use crate::import::Chain;
use crate::measure::{Contender, head, in_turns, rows};

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let chain = Chain::make(3)?;
    let der = &chain.der[0];
    let pem = chain.pem();
    let pkcs7 = chain.pkcs7_der()?;
    ensure!(read(pem.as_bytes(), None)?.certificates.len() == 3);
    ensure!(read(&pkcs7, None)?.certificates.len() == 3);
    let rounds = extent.rounds(200);
    let mut table = head();
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || RawCertificate::from_der(der).is_ok()),
            Contender::short("x509-parser", || parse_x509_certificate(der).is_ok()),
            Contender::short("OpenSSL", || X509::from_der(der).is_ok()),
        ],
    );
    rows(
        &mut table,
        "a certificate in DER, its fields",
        &times,
        &["1.0", "–"],
    );
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || read(der, None).is_ok()),
            Contender::short("x509-parser", || parse_x509_certificate(der).is_ok()),
            Contender::short("OpenSSL", || X509::from_der(der).is_ok()),
        ],
    );
    rows(
        &mut table,
        "the same as an upload of unknown format",
        &times,
        &["–", "–"],
    );
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || read(pem.as_bytes(), None).is_ok()),
            Contender::short("x509-parser", || {
                Pem::iter_from_buffer(pem.as_bytes())
                    .all(|pem| pem.is_ok_and(|pem| pem.parse_x509().is_ok()))
            }),
            Contender::short("OpenSSL", || X509::stack_from_pem(pem.as_bytes()).is_ok()),
        ],
    );
    rows(
        &mut table,
        "a chain of three in PEM",
        &times,
        &["–", "0.05"],
    );
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || read(&pkcs7, None).is_ok()),
            Contender::short("OpenSSL", || {
                let pkcs7 = Pkcs7::from_der(&pkcs7).expect("it is PKCS#7");
                pkcs7
                    .signed()
                    .and_then(|signed| signed.certificates())
                    .map(|all| all.len())
            }),
        ],
    );
    rows(&mut table, "a chain of three in PKCS#7", &times, &["0.05"]);
    Ok(table)
}
