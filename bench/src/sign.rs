//! Making a request and a self-signed certificate, against the bare signature, and with a
//! key that a provider of TLS has in hand.

use std::ops::ControlFlow;

use anyhow::{Result, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use pkcs8::DecodePrivateKey as _;
use pki_core::{
    CertificateParams, CommonName, Digest, Error, KeySpec, PrivateKey, RequestParams, SanExtension,
    Signer, Subject, Validity, ValidityDays, certificate_request, self_signed,
};
use rand_core::CryptoRng;
use rsa::Pkcs1v15Sign;
use sha2::Digest as _;
use spki::SubjectPublicKeyInfoOwned;

use crate::Extent;
use crate::measure::{Contender, head, in_turns, rows};

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let key = PrivateKey::generate(KeySpec::default(), &mut rng, &mut |_| {
        ControlFlow::Continue(())
    })?;
    let bare = rsa::PrivateKey::from_pkcs8_der(&key.to_pkcs8_der())?;
    let hash = sha2::Sha256::digest(b"what is signed");
    let subject = Subject::new(CommonName::parse("ntp1.example.net")?);
    let request = RequestParams::new(subject);
    let certificate = CertificateParams {
        subject: Subject::new(CommonName::parse("ntp1.example.net")?),
        names: Vec::new(),
        san: SanExtension::Include,
        digest: Digest::Sha256,
        validity: Validity::days(1_800_000_000, ValidityDays::new(365)?)?,
    };
    let sign = || {
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        bare.sign_with_rng(&mut rng, Pkcs1v15Sign::new::<sha2::Sha256>(), &hash)
    };
    ensure!(sign().is_ok());
    let aws_key = rcgen::KeyPair::try_from(key.to_pkcs8_der().as_slice())?;
    let aws_params = rcgen::CertificateParams::new(["ntp1.example.net".to_owned()])?;
    let rounds = extent.rounds(200);
    let mut table = head();
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || certificate_request(&key, &request, &mut rng).is_ok()),
            Contender::short("the bare signature", sign),
            Contender::short("rcgen on AWS-LC", || {
                aws_params.serialize_request(&aws_key).is_ok()
            }),
        ],
    );
    rows(&mut table, "a request, RSA 2048", &times, &["1.02", "–"]);
    let provider = Provider::new(&key)?;
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    ensure!(certificate_request(&provider, &request, &mut rng).is_ok());
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || {
                certificate_request(&provider, &request, &mut rng).is_ok()
            }),
            Contender::short("rcgen on AWS-LC", || {
                aws_params.serialize_request(&aws_key).is_ok()
            }),
        ],
    );
    rows(
        &mut table,
        "a request, RSA 2048, signed by AWS-LC",
        &times,
        &["–"],
    );
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    let times = in_turns(
        rounds,
        vec![
            Contender::short("", || self_signed(&key, &certificate, &mut rng).is_ok()),
            Contender::short("the bare signature", sign),
            Contender::short("rcgen on AWS-LC", || {
                aws_params.self_signed(&aws_key).is_ok()
            }),
        ],
    );
    rows(
        &mut table,
        "a self-signed certificate, RSA 2048",
        &times,
        &["1.02", "–"],
    );
    Ok(table)
}

/// The same key in the hands of AWS-LC.
struct Provider {
    spec: KeySpec,
    public_key: SubjectPublicKeyInfoOwned,
    key: KeyPair,
}

impl Provider {
    fn new(key: &PrivateKey) -> Result<Self> {
        Ok(Self {
            spec: key.spec(),
            public_key: key.public_key().clone(),
            key: KeyPair::from_pkcs8(&key.to_pkcs8_der())?,
        })
    }
}

impl Signer for Provider {
    fn spec(&self) -> KeySpec {
        self.spec
    }

    fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        &self.public_key
    }

    fn sign(
        &self,
        digest: Digest,
        message: &[u8],
        _: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        if digest != Digest::Sha256 {
            return Err(Error::Signing);
        }
        let mut signature = vec![0; self.key.public_modulus_len()];
        let own = SystemRandom::new();
        let signed = self
            .key
            .sign(&RSA_PKCS1_SHA256, &own, message, &mut signature);
        signed.map_err(|_| Error::Signing)?;
        Ok(signature)
    }
}
