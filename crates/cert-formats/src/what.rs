//! What a file can be instead of a certificate.

use core::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6268;

/// Something that is not a certificate, by the name an administrator knows it by.
///
/// `Display` is the name with its article: "a certificate request".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum What {
    /// An attribute certificate (RFC 5755), which names rights and holds no public key.
    AttributeCertificate,
    /// A certificate request, PKCS#10 (RFC 2986).
    CertificateRequest,
    /// CMS or PKCS#7 that is not signed data.
    Cms(CmsType),
    /// A certificate revocation list (RFC 5280 section 5).
    Crl,
    /// Gzip-compressed data (RFC 1952).
    Gzip,
    /// An HTML page: what a browser saves when a download needed a sign-in.
    HtmlPage,
    /// A Java key store, JKS or JCEKS.
    JavaKeyStore,
    /// A Microsoft serialized certificate store (`.sst`).
    MicrosoftStore,
    /// An OCSP response (RFC 6960).
    OcspResponse,
    /// An OpenPGP message or key (RFC 9580).
    OpenPgp,
    /// An OpenSSH public key or certificate.
    OpenSshPublicKey,
    /// A certificate of a kind other than X.509, within CMS (RFC 5652 section 10.2.2).
    OtherCertificate,
    /// Parameters of a key or a key agreement: `DH PARAMETERS`, `EC PARAMETERS`.
    Parameters,
    /// A PDF document.
    Pdf,
    /// A PKCS#12 file (RFC 7292): `.p12`, `.pfx`.
    Pkcs12,
    /// A certificate as programs print it for people: `openssl x509 -text`, `keytool -printcert`.
    PrintedCertificate,
    /// A private key.
    PrivateKey(KeyKind),
    /// A public key alone.
    PublicKey,
    /// A ZIP archive.
    Zip,
    /// A PEM block of a kind that is not known here.
    UnknownBlock,
}

/// The forms a private key comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// Encrypted PKCS#8 (RFC 5958 section 3), or a PEM block with RFC 1421 encryption.
    Encrypted,
    /// OpenSSH's own format.
    OpenSsh,
    /// PKCS#1 (RFC 8017 appendix A.1.2), or the like of it for DSA.
    Pkcs1,
    /// PKCS#8 (RFC 5958).
    Pkcs8,
    /// `PuTTY`'s own format.
    Putty,
    /// SEC 1 (RFC 5915).
    Sec1,
    /// Written out as text, or under a label that is not known here.
    Other,
}

/// The content types of CMS (RFC 5652 section 4 and its successors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CmsType {
    /// Authenticated data (RFC 5652 section 9).
    AuthenticatedData,
    /// Authenticated enveloped data (RFC 5083).
    AuthEnvelopedData,
    /// Compressed data (RFC 3274).
    CompressedData,
    /// Plain data (RFC 5652 section 4).
    Data,
    /// Digested data (RFC 5652 section 7).
    DigestedData,
    /// Encrypted data (RFC 5652 section 8).
    EncryptedData,
    /// Enveloped data (RFC 5652 section 6): encrypted for a recipient.
    EnvelopedData,
    /// Signed and enveloped data (RFC 2315 section 11).
    SignedAndEnvelopedData,
    /// Signed data (RFC 5652 section 5), the only one that carries certificates as such.
    SignedData,
    /// A type that is not known here.
    Unknown,
}

/// `signedAndEnvelopedData` (RFC 2315 section 14), which CMS dropped.
const SIGNED_AND_ENVELOPED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.4");

impl CmsType {
    pub(crate) fn from_oid(oid: ObjectIdentifier) -> Self {
        match oid {
            rfc6268::ID_CT_AUTH_DATA => Self::AuthenticatedData,
            rfc6268::ID_CT_AUTH_ENVELOPED_DATA => Self::AuthEnvelopedData,
            rfc6268::ID_CT_COMPRESSED_DATA => Self::CompressedData,
            rfc6268::ID_DATA => Self::Data,
            rfc6268::ID_DIGESTED_DATA => Self::DigestedData,
            rfc6268::ID_ENCRYPTED_DATA => Self::EncryptedData,
            rfc6268::ID_ENVELOPED_DATA => Self::EnvelopedData,
            rfc6268::ID_SIGNED_DATA => Self::SignedData,
            SIGNED_AND_ENVELOPED_DATA => Self::SignedAndEnvelopedData,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttributeCertificate => "an attribute certificate",
            Self::CertificateRequest => "a certificate request",
            Self::Cms(cms_type) => return write!(f, "a CMS message with {cms_type}"),
            Self::Crl => "a certificate revocation list",
            Self::Gzip => "a gzip file",
            Self::HtmlPage => "a web page",
            Self::JavaKeyStore => "a Java key store",
            Self::MicrosoftStore => "a Microsoft certificate store",
            Self::OcspResponse => "an OCSP response",
            Self::OpenPgp => "an OpenPGP block",
            Self::OpenSshPublicKey => "an OpenSSH public key",
            Self::OtherCertificate => "a certificate of another kind than X.509",
            Self::Parameters => "a set of key parameters",
            Self::Pdf => "a PDF document",
            Self::Pkcs12 => "a PKCS#12 file",
            Self::PrintedCertificate => "a certificate printed as text",
            Self::PrivateKey(_) => "a private key",
            Self::PublicKey => "a public key",
            Self::Zip => "a ZIP archive",
            Self::UnknownBlock => "a PEM block of another kind",
        })
    }
}

impl fmt::Display for CmsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthenticatedData => "authenticated data",
            Self::AuthEnvelopedData => "authenticated, encrypted data",
            Self::CompressedData => "compressed data",
            Self::Data => "plain data",
            Self::DigestedData => "digested data",
            Self::EncryptedData => "encrypted data",
            Self::EnvelopedData => "data encrypted for a recipient (enveloped data)",
            Self::SignedAndEnvelopedData => "signed and encrypted data",
            Self::SignedData => "signed data",
            Self::Unknown => "content of another kind",
        })
    }
}

impl What {
    /// What to tell an administrator who uploaded this instead of a certificate.
    pub(crate) fn write_refusal(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateRequest => f.write_str(
                "This is a certificate request, the file you send to the CA. Upload the file that \
                 comes back.",
            ),
            Self::PrivateKey(_) => f.write_str(
                "The file contains a private key, so it was discarded unread. This unit makes its \
                 own key and never takes one. Treat that key as exposed if the file travelled by \
                 mail.",
            ),
            other => {
                write!(
                    f,
                    "This is {other}, {}. {}",
                    other.description(),
                    other.remedy()
                )
            }
        }
    }

    /// What the thing is for, to follow its name.
    const fn description(self) -> &'static str {
        match self {
            Self::AttributeCertificate => "which names rights and holds no public key",
            Self::CertificateRequest => "which asks a CA for a certificate",
            Self::Cms(_) => "and only signed data carries certificates",
            Self::Crl => "which says what a CA has withdrawn",
            Self::HtmlPage => "not a certificate",
            Self::OcspResponse => "which says whether a certificate is still good",
            Self::Gzip | Self::Zip => "which is not unpacked here",
            Self::JavaKeyStore | Self::Pkcs12 => "which is made to carry a private key",
            Self::MicrosoftStore => "which only Windows reads",
            Self::OpenPgp | Self::OpenSshPublicKey | Self::OtherCertificate => {
                "which browsers do not use"
            }
            Self::Parameters => "which belongs to a key and holds no certificate",
            Self::Pdf => "in which a certificate can only be shown",
            Self::PrintedCertificate => {
                "which says what is in it and is not the certificate itself"
            }
            Self::PrivateKey(_) => "which must stay where it was made",
            Self::PublicKey => "without the certificate that a CA makes of it",
            Self::UnknownBlock => "which is not read here",
        }
    }

    /// What to do now.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Cms(_) => "Ask the CA for the certificates as X.509 or as PKCS#7 \"certs-only\".",
            Self::Gzip | Self::Zip => "Unpack it and upload the certificate inside.",
            Self::HtmlPage => {
                "The download probably needed a sign-in: sign in at your CA and download the \
                 certificate again."
            }
            Self::JavaKeyStore => {
                "This unit makes its own key and never takes one. Export the certificate alone \
                 (keytool -exportcert -rfc) and upload that."
            }
            Self::MicrosoftStore => "Export the certificate as PKCS#7 (.p7b) and upload that.",
            Self::Pkcs12 => {
                "This unit makes its own key and never takes one. Upload the certificate alone, \
                 as X.509 or PKCS#7."
            }
            Self::PrintedCertificate => {
                "Upload the file that was printed, or paste the part that begins with the line \
                 -----BEGIN CERTIFICATE-----."
            }
            _ => "Upload the certificate that your CA issued.",
        }
    }
}
