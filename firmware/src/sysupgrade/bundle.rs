//! A bundle: new software for a board, signed.
//!
//! ```text
//! countersign-upgrade 1
//! {"board":"armv7","commit":"…","octets":8900792,"sha256":"…","version":"0.2.0"}
//! the Ed25519 signature of the two lines above, in hexadecimal digits
//! the image of a slot
//! ```
//!
//! The signature covers the image through its SHA-256.

use ed25519_dalek::{Signature, VerifyingKey};
use semver::Version;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Octets of a bundle, at most. A slot may be larger; memory is not.
pub(crate) const BUNDLE_OCTETS_MAX: usize = 16 * 1024 * 1024;

const FIRST_LINE: &[u8] = b"countersign-upgrade 1\n";
/// Octets of the second line, at most.
const HEADER_OCTETS_MAX: usize = 1024;
/// Octets of the third line.
const SIGNATURE_DIGITS: usize = 128;

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum BundleError {
    #[error(
        "This is no upgrade of this software. Choose the file whose name ends with .upgrade, as it was \
         downloaded."
    )]
    NotABundle,
    #[error(
        "The upgrade is not signed by the maker of this unit, or was altered. Get it again from \
         where the maker offers it."
    )]
    NotSigned,
    #[error("The upgrade is for the board {theirs}; this unit is {ours}. Get the one for {ours}.")]
    OtherBoard { theirs: String, ours: String },
    #[error("The upgrade breaks off: it has {came} of {expected} octets. Upload it again.")]
    CutOff { expected: u64, came: u64 },
    #[error("The image in the upgrade was altered. Get the upgrade again.")]
    Altered,
    #[error(
        "The upgrade is {theirs}, older than {ours}, which runs. An older version may not understand \
         what this one has stored. It is taken only when that is asked for."
    )]
    Older { theirs: Version, ours: Version },
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) board: String,
    pub(crate) commit: String,
    octets: u64,
    sha256: String,
    pub(crate) version: Version,
}

/// A bundle that was checked whole.
pub(crate) struct Bundle<'a> {
    pub(crate) header: Header,
    /// The image of a slot.
    pub(crate) image: &'a [u8],
}

impl<'a> Bundle<'a> {
    /// Checks a bundle: whole, signed with `key`, for `board`.
    pub(crate) fn check(
        octets: &'a [u8],
        key: &VerifyingKey,
        board: &str,
    ) -> Result<Self, BundleError> {
        let (header, image) = read(octets, key)?;
        if header.board != board {
            return Err(BundleError::OtherBoard {
                theirs: header.board,
                ours: board.into(),
            });
        }
        let came = u64::try_from(image.len()).unwrap_or(u64::MAX);
        if came < header.octets {
            return Err(BundleError::CutOff {
                expected: header.octets,
                came,
            });
        }
        if came > header.octets || hex(&Sha256::digest(image)) != header.sha256 {
            return Err(BundleError::Altered);
        }
        Ok(Self { header, image })
    }

    /// Refuses one that is older than `ours`.
    pub(crate) fn not_older_than(&self, ours: &Version) -> Result<(), BundleError> {
        let theirs = &self.header.version;
        if theirs < ours {
            return Err(BundleError::Older {
                theirs: theirs.clone(),
                ours: ours.clone(),
            });
        }
        Ok(())
    }

    /// The SHA-256 of the image, in hexadecimal digits.
    pub(crate) fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

/// The signed header, and the image after it.
fn read<'a>(octets: &'a [u8], key: &VerifyingKey) -> Result<(Header, &'a [u8]), BundleError> {
    let rest = octets
        .strip_prefix(FIRST_LINE)
        .ok_or(BundleError::NotABundle)?;
    let within = rest.get(..HEADER_OCTETS_MAX).unwrap_or(rest);
    let line = within.iter().position(|octet| *octet == b'\n');
    let line = line.ok_or(BundleError::NotABundle)?;
    let signed = FIRST_LINE.len() + line + 1;
    let image = signed + SIGNATURE_DIGITS + 1;
    let digits = octets
        .get(signed..image)
        .and_then(|line| line.strip_suffix(b"\n"));
    let digits = digits.ok_or(BundleError::NotABundle)?;
    let signature = unhex(digits).ok_or(BundleError::NotSigned)?;
    let message = octets.get(..signed).unwrap_or_default();
    key.verify_strict(message, &Signature::from_bytes(&signature))
        .map_err(|_| BundleError::NotSigned)?;
    let text = rest.get(..line).unwrap_or_default();
    let header = serde_json::from_slice(text).map_err(|_| BundleError::NotABundle)?;
    Ok((header, octets.get(image..).unwrap_or_default()))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The octets that lower-case hexadecimal digits say, when they are exactly so many:
/// there is one way to write them.
pub(super) fn unhex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        if !pair
            .bytes()
            .all(|digit| b"0123456789abcdef".contains(&digit))
        {
            return None;
        }
        *octet = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
pub(super) mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    pub(crate) fn signer() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    /// A bundle as the maker makes it.
    pub(crate) fn bundle(board: &str, version: &str, image: &[u8]) -> Vec<u8> {
        let header = format!(
            "{{\"board\":\"{board}\",\"commit\":\"c\",\"octets\":{},\"sha256\":\"{}\",\"version\":\"{version}\"}}\n",
            image.len(),
            hex(&Sha256::digest(image))
        );
        let mut octets = [FIRST_LINE, header.as_bytes()].concat();
        let signature = signer().sign(&octets);
        octets.extend_from_slice(hex(&signature.to_bytes()).as_bytes());
        octets.push(b'\n');
        octets.extend_from_slice(image);
        octets
    }

    fn check(octets: &[u8]) -> Result<Bundle<'_>, BundleError> {
        Bundle::check(octets, &signer().verifying_key(), "armv7")
    }

    #[test]
    fn a_bundle_of_the_maker_is_taken() {
        let whole = bundle("armv7", "0.2.0", b"image");
        let bundle = check(&whole).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(bundle.image, b"image");
        assert_eq!(bundle.header.version, Version::new(0, 2, 0));
    }

    #[test]
    fn one_that_is_altered_at_any_octet_is_refused() {
        let whole = bundle("armv7", "0.2.0", b"the image of a slot");
        for index in 0..whole.len() {
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[index] ^= 1 << bit;
                assert!(check(&altered).is_err(), "octet {index}, bit {bit}");
            }
        }
    }

    #[test]
    fn one_that_is_cut_off_anywhere_is_refused() {
        let whole = bundle("armv7", "0.2.0", b"the image of a slot");
        for length in 0..whole.len() {
            assert!(check(&whole[..length]).is_err(), "{length} octets");
        }
        let expected = BundleError::CutOff {
            expected: 19,
            came: 18,
        };
        assert_eq!(check(&whole[..whole.len() - 1]).err(), Some(expected));
        let long = [whole, b"x".to_vec()].concat();
        assert_eq!(check(&long).err(), Some(BundleError::Altered));
    }

    #[test]
    fn another_board_another_signer_and_an_older_version_are_named() {
        let other = bundle("aarch64", "0.2.0", b"");
        let other = check(&other).err();
        assert!(
            matches!(other, Some(BundleError::OtherBoard { .. })),
            "{other:?}"
        );
        let key = SigningKey::from_bytes(&[8; 32]).verifying_key();
        let whole = bundle("armv7", "0.2.0", b"");
        let other = Bundle::check(&whole, &key, "armv7").err();
        assert_eq!(other, Some(BundleError::NotSigned));
        let old = bundle("armv7", "0.2.0-rc.1", b"");
        let old = check(&old).unwrap_or_else(|why| panic!("{why}"));
        assert!(old.not_older_than(&Version::new(0, 2, 0)).is_err());
        assert!(old.not_older_than(&Version::new(0, 1, 9)).is_ok());
    }
}
