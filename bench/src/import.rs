//! A whole import: read, pair, order, verify, judge.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use cert_formats::read;
use cert_policy::{Input, Now, OurKey, Presented, Severity, judge};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};

use openssl::x509::X509;
use rsa::signature::Verifier as _;

use crate::Extent;
use crate::measure::{Contender, head, in_turns, quartiles, rows, shown};

/// A leaf and its intermediates, all with RSA 2048 and SHA-256, as a CA sends them.
pub(crate) struct Chain {
    /// The leaf first.
    pub(crate) der: Vec<Vec<u8>>,
    /// Of the leaf, those above it and the root.
    keys: Vec<PKey<Private>>,
}

impl Chain {
    /// Of this many certificates, without the root.
    pub(crate) fn make(length: usize) -> Result<Self> {
        let keys: Vec<PKey<Private>> = (0..=length)
            .map(|_| Ok(PKey::from_rsa(openssl::rsa::Rsa::generate(2048)?)?))
            .collect::<Result<_>>()?;
        let name = |index| match index {
            0 => "ntp1.example.net".to_owned(),
            _ => format!("Example CA {index}"),
        };
        let mut der = Vec::new();
        for index in 0..length {
            let certificate = issue(
                &name(index),
                &keys[index],
                &name(index + 1),
                &keys[index + 1],
                index > 0,
            )?;
            der.push(certificate.to_der()?);
        }
        Ok(Self { der, keys })
    }

    pub(crate) fn pem(&self) -> String {
        let der: Vec<&[u8]> = self.der.iter().map(Vec::as_slice).collect();
        cert_formats::certificates_to_pem(&der).to_string()
    }

    pub(crate) fn pkcs7_der(&self) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir()?;
        let (pem, out) = (
            folder.path().join("chain.pem"),
            folder.path().join("chain.p7b"),
        );
        std::fs::write(&pem, self.pem())?;
        let (pem, out_text) = (pem.display().to_string(), out.display().to_string());
        let said = crate::page::run(
            "openssl",
            &[
                "crl2pkcs7",
                "-nocrl",
                "-certfile",
                &pem,
                "-outform",
                "DER",
                "-out",
                &out_text,
            ],
        )?;
        std::fs::read(&out).with_context(|| said)
    }
}

fn issue(
    name: &str,
    key: &PKey<Private>,
    issuer: &str,
    issuer_key: &PKey<Private>,
    ca: bool,
) -> Result<X509> {
    use openssl::x509::extension::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage,
        SubjectAlternativeName, SubjectKeyIdentifier,
    };
    let named = |name: &str| -> Result<openssl::x509::X509Name> {
        let mut builder = openssl::x509::X509Name::builder()?;
        builder.append_entry_by_text("C", "GB")?;
        builder.append_entry_by_text("O", "Example")?;
        builder.append_entry_by_text("CN", name)?;
        Ok(builder.build())
    };
    // An issuer, for the identifiers of its key.
    let mut parent = X509::builder()?;
    parent.set_pubkey(issuer_key)?;
    let parent_identifier =
        SubjectKeyIdentifier::new().build(&parent.x509v3_context(None, None))?;
    parent.append_extension(parent_identifier)?;
    let parent = parent.build();

    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = openssl::bn::BigNum::new()?;
    serial.rand(127, openssl::bn::MsbOption::ONE, false)?;
    let serial = serial.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    let (subject, issuer) = (named(name)?, named(issuer)?);
    builder.set_subject_name(&subject)?;
    builder.set_issuer_name(&issuer)?;
    builder.set_pubkey(key)?;
    let (before, after) = (
        openssl::asn1::Asn1Time::days_from_now(0)?,
        openssl::asn1::Asn1Time::days_from_now(365)?,
    );
    builder.set_not_before(&before)?;
    builder.set_not_after(&after)?;
    let context = builder.x509v3_context(Some(&parent), None);
    let mut extensions = vec![
        SubjectKeyIdentifier::new().build(&context)?,
        AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
    ];
    if ca {
        extensions.push(BasicConstraints::new().critical().ca().build()?);
        extensions.push(
            KeyUsage::new()
                .critical()
                .key_cert_sign()
                .crl_sign()
                .build()?,
        );
    } else {
        extensions.push(
            KeyUsage::new()
                .critical()
                .digital_signature()
                .key_encipherment()
                .build()?,
        );
        extensions.push(ExtendedKeyUsage::new().server_auth().build()?);
        extensions.push(SubjectAlternativeName::new().dns(name).build(&context)?);
    }
    for extension in extensions {
        builder.append_extension(extension)?;
    }
    builder.sign(issuer_key, MessageDigest::sha256())?;
    Ok(builder.build())
}

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let chain = Chain::make(3)?;
    let pem = chain.pem();
    let now = now()?;
    let (links, refusals) = import(&pem, now)?;
    ensure!(
        (links, refusals) == (3, 0),
        "{links} links, refused for {refusals} reasons"
    );

    let message = b"what is signed";
    let pkcs8 = chain.keys[0].private_key_to_pkcs8()?;
    let key: rsa::PrivateKey = pkcs8::DecodePrivateKey::from_pkcs8_der(&pkcs8)?;
    let signer = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(key.clone());
    let signature = rsa::signature::Signer::sign(&signer, message);
    let verifier = rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key.into());
    let times = in_turns(
        extent.rounds(200),
        vec![
            Contender::short("", || import(&pem, now).is_ok()),
            Contender::short("three RSA verifications", || {
                (0..3).all(|_| verifier.verify(message, &signature).is_ok())
            }),
        ],
    );
    let mut table = head();
    rows(
        &mut table,
        "a leaf and two intermediates in PEM",
        &times,
        &["+ 1 ms"],
    );
    let more = quartiles(&times[0].seconds)[1] - quartiles(&times[1].seconds)[1];
    table.push_str(&format!(
        "\nThat is {} above the verifications.\n",
        shown(more.max(0.0))
    ));
    Ok(table)
}

/// A minute from now: what was made just now is valid then.
pub(crate) fn now() -> Result<Now> {
    Ok(Now {
        unix_seconds: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + 60,
        trusted: true,
    })
}

/// How many links the chain has that would be served, and how many refusals there are.
pub(crate) fn import(pem: &str, now: Now) -> Result<(usize, usize)> {
    let bundle = read(pem.as_bytes(), None)?;
    let presented: Vec<Presented<'_>> = bundle
        .certificates
        .iter()
        .map(|one| Presented {
            certificate: one.certificate(),
            der: one.der(),
        })
        .collect();
    let leaf = presented.first().context("there is a leaf")?;
    let verdict = judge(&Input {
        presented: &presented,
        our_keys: &[OurKey {
            public_key: leaf.certificate.tbs_certificate().subject_public_key_info(),
            subject: None,
            names: &[],
        }],
        reached_as: &["ntp1.example.net".parse()?],
        now,
    });
    let refusals = verdict.findings.iter();
    let refusals = refusals.filter(|finding| finding.severity == Severity::Refuse);
    Ok((verdict.chain.len(), refusals.count()))
}
