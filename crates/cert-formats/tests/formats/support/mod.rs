//! What the tests share: the committed chain, other people's programs, and a writer of BER.

pub(crate) mod ber;
pub(crate) mod tools;

use cert_formats::{Bundle, Error, Note};

/// Leaf, issuing CA and root, as the tests' own data folder has them.
pub(crate) const CHAIN_PEM: &str = include_str!("../../data/chain.pem");

/// The request that the leaf answers.
pub(crate) const REQUEST_PEM: &str = include_str!("../../data/request.pem");

/// The certificates of [`CHAIN_PEM`], decoded by a strict reader that is not ours.
pub(crate) fn chain() -> Vec<Vec<u8>> {
    blocks(CHAIN_PEM)
        .iter()
        .map(|block| decode_pem(block))
        .collect()
}

/// The PEM blocks of a text that has nothing else in it.
pub(crate) fn blocks(pem: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in pem.lines() {
        if line.starts_with("-----BEGIN") {
            blocks.push(String::new());
        }
        let block = blocks.last_mut().expect("the text begins with a block");
        *block += line;
        *block += "\n";
    }
    blocks
}

/// Decodes one PEM block strictly.
pub(crate) fn decode_pem(block: &str) -> Vec<u8> {
    pem_rfc7468::decode_vec(block.as_bytes())
        .expect("strict PEM")
        .1
}

/// Encodes one PEM block strictly.
pub(crate) fn encode_pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).expect("a PEM label")
}

/// The base64 of `der` without line ends.
pub(crate) fn base64(der: &[u8]) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(der)
}

/// Octets without any meaning, the same in each run.
pub(crate) fn noise(len: u32) -> Vec<u8> {
    (0..len)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect()
}

/// The codes of the notes, in order.
pub(crate) fn codes(bundle: &Bundle) -> Vec<&'static str> {
    bundle.notes.iter().map(Note::code).collect()
}

/// The octets of the certificates.
pub(crate) fn ders(bundle: &Bundle) -> Vec<Vec<u8>> {
    bundle
        .certificates
        .iter()
        .map(|certificate| certificate.der().to_vec())
        .collect()
}

/// Reads what must be readable.
#[track_caller]
pub(crate) fn read(upload: &[u8]) -> Bundle {
    cert_formats::read(upload, None).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads what must be refused.
#[track_caller]
pub(crate) fn refused(upload: &[u8]) -> Error {
    match cert_formats::read(upload, None) {
        Ok(bundle) => panic!("read {} certificates from it", bundle.certificates.len()),
        Err(error) => error,
    }
}

/// The certificates are the same, in any order: a SET has none.
#[track_caller]
pub(crate) fn assert_same(found: &[Vec<u8>], expected: &[Vec<u8>]) {
    let sorted = |ders: &[Vec<u8>]| {
        let mut ders = ders.to_vec();
        ders.sort();
        ders
    };
    assert_eq!(sorted(found), sorted(expected));
}
