//! What the judge says: [`Finding`], its [`Code`] and its [`Severity`], and the one table that
//! holds the fixed part of every finding.

use alloc::string::String;
use core::fmt;

/// How much a finding weighs. `Refuse` is the smallest, so that sorting puts it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "three weights are the design; a match must be total"
)]
pub enum Severity {
    /// The certificate must not be served.
    Refuse,
    /// It can be served, and somebody will have trouble with it.
    Warn,
    /// Good to know; nothing has to be done.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "refuse",
            Self::Warn => "warn",
            Self::Note => "note",
        })
    }
}

/// One thing the judge says of a certificate, ready to be shown to an administrator.
///
/// Every text is one line. Whatever comes from a certificate stands in quotes, is cut after
/// 200 characters, and has its control, invisible and direction-changing characters spelled out
/// as `<U+202E>`. It is *not* escaped for HTML or a terminal: that is for whoever renders it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of finding this is.
    pub code: Code,
    /// Its weight: [`Code::severity`], or less where the clock is not known to be right.
    pub severity: Severity,
    /// Which certificate it is about, as an index into [`Input::presented`](crate::Input);
    /// `None` when it is about the upload as a whole.
    pub certificate: Option<usize>,
    /// What is the matter, in one or two sentences.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub came: String,
    /// What to do now, in one or two sentences; empty for a [`Severity::Note`] that asks for
    /// nothing.
    pub remedy: String,
    /// Where the rule stands, such as `RFC 5280 section 4.2.1.9`.
    pub reference: &'static str,
}

impl Finding {
    /// A finding about the upload as a whole, with the severity, remedy and reference of the
    /// table.
    pub(crate) fn new(code: Code, message: String) -> Self {
        Self {
            code,
            severity: code.severity(),
            certificate: None,
            message,
            expected: String::new(),
            came: String::new(),
            remedy: code.remedy().into(),
            reference: code.reference(),
        }
    }

    pub(crate) fn about(mut self, certificate: usize) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    pub(crate) fn came(mut self, came: impl Into<String>) -> Self {
        self.came = came.into();
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Declares [`Code`] and everything that is fixed about a code, from one table.
macro_rules! codes {
    ($($variant:ident = $code:literal, $severity:ident, $reference:literal,
        $meaning:literal, $remedy:literal;)*) => {
        /// What kind of finding it is. The text of [`Code::as_str`] is stable: it may be stored,
        /// searched for and translated by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code: refusals, then warnings, then notes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, such as `other-key`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The weight of a finding of this code while the clock is known to be right.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// Where the rule stands.
            #[must_use]
            pub const fn reference(self) -> &'static str {
                match self { $(Self::$variant => $reference,)* }
            }

            /// What the finding means, in general words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What to do about it, in general words. [`field@Finding::remedy`] may be more exact.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

codes! {
    NoCertificate = "no-certificate", Refuse, "RFC 8446 section 4.4.2",
        "There is no certificate to judge.",
        "Upload the certificate the CA sent back.";
    OtherKey = "other-key", Refuse, "RFC 8446 section 4.4.3",
        "The certificate was made for a key this unit does not have.",
        "Upload the certificate that answers one of this unit's requests, or make a new request here and have it signed.";
    OnlyCaCertificates = "only-ca-certificates", Refuse, "RFC 5280 section 4.2.1.9",
        "There are CA certificates, but not the unit's own.",
        "Ask for the \"end-entity\" or \"server\" certificate as well, or upload them together.";
    LeafIsCa = "leaf-is-ca", Refuse, "RFC 5280 section 4.2.1.9",
        "The unit's certificate is a CA certificate, which could sign others.",
        "Ask for a server certificate (basicConstraints CA:FALSE) for the same request.";
    Wildcard = "wildcard", Refuse, "RFC 9525 section 7.1",
        "The Common Name or a subject alternative name is a wildcard.",
        "This unit's key must be its own, so name the unit itself, such as \"ntp1.example.net\", and have that request signed.";
    SanMalformed = "san-malformed", Refuse, "RFC 5280 section 4.2.1.6",
        "The subject alternative names are empty, cannot be read, or hold a name that is empty, contains NUL, or is an address of the wrong length.",
        "Have the CA issue the certificate again; its template writes this name wrongly.";
    VersionNot3 = "version-not-3", Refuse, "RFC 5280 section 4.1.2.1",
        "The certificate is not of version 3, so it can name neither its hosts nor its purpose.",
        "Have the CA sign the request as a version 3 certificate with extensions. With OpenSSL, give \"openssl x509 -req\" an -extfile, or use \"openssl ca\".";
    IssuerEmpty = "issuer-empty", Refuse, "RFC 5280 section 4.1.2.4",
        "The certificate does not say who issued it.",
        "Have a CA with a name sign the request.";
    ServerAuthMissing = "server-auth-missing", Refuse, "RFC 5280 section 4.2.1.12",
        "The extended key usages do not include server authentication.",
        "Have the CA sign the request with a template for TLS web servers (extendedKeyUsage serverAuth).";
    DigitalSignatureMissing = "digital-signature-missing", Refuse, "RFC 5280 section 4.2.1.3",
        "The key usages do not include digital signature, which every modern TLS handshake needs.",
        "Have the CA sign the request with a template that has keyUsage digitalSignature.";
    UnknownCriticalExtension = "unknown-critical-extension", Refuse, "RFC 5280 section 4.2",
        "An extension is marked critical that clients do not know or that must not be critical, so they must refuse the certificate.",
        "Have the CA leave the extension out or mark it non-critical.";
    DuplicateExtension = "duplicate-extension", Refuse, "RFC 5280 section 4.2",
        "An extension is there twice, so clients refuse the certificate or read different things.",
        "Have the CA issue the certificate again with each extension once.";
    ExtensionMalformed = "extension-malformed", Refuse, "RFC 5280 section 4.2",
        "An extension does not hold what its type says.",
        "Have the CA issue the certificate again; its template writes this extension wrongly.";
    Precertificate = "precertificate", Refuse, "RFC 6962 section 3.1",
        "This is a precertificate for Certificate Transparency logs, which no client accepts.",
        "Upload the final certificate; the CA makes it from this one.";
    ValidityInverted = "validity-inverted", Refuse, "RFC 5280 section 4.1.2.5",
        "The certificate ends before it begins.",
        "Have the CA issue the certificate again with a right period.";
    Expired = "expired", Refuse, "RFC 5280 section 4.1.2.5",
        "The certificate has expired.",
        "Have the CA sign a new certificate for the same request, or make a new request.";
    KeyUnusable = "key-unusable", Refuse, "RFC 8446 section 4.2.3",
        "TLS has no use for a key of this kind.",
        "Make a request with an RSA key or one on P-256 or P-384.";
    SignatureAlgorithmsDiffer = "signature-algorithms-differ", Refuse, "RFC 5280 section 4.1.1.2",
        "The certificate names two different signature algorithms, one inside and one outside what is signed.",
        "The file was changed after signing, or the CA is broken: have it issued again.";
    SignatureWrong = "signature-wrong", Refuse, "RFC 5280 section 6.1.3",
        "The signature was not made with the key of the issuer that was uploaded with it.",
        "Ask the CA for the chain that belongs to this certificate; CAs that were renewed have several of the same name.";
    SignatureMd5 = "signature-md5", Refuse, "RFC 8446 section 4.4.2.4",
        "A CA signed with MD5 or older, which can be forged.",
        "Have the CA sign with SHA-256.";
    IssuerNotCa = "issuer-not-ca", Refuse, "RFC 5280 section 6.1.4",
        "The certificate that signed is not one of a CA, or may not sign certificates.",
        "Ask the CA for its own certificate (basicConstraints CA:TRUE, keyUsage keyCertSign).";
    IssuerNotForServers = "issuer-not-for-servers", Refuse, "RFC 5280 section 4.2.1.12",
        "The issuing CA is restricted to purposes other than server authentication, so browsers refuse what it issues.",
        "Have the request signed by a CA that may issue TLS server certificates.";
    IssuerExpired = "issuer-expired", Refuse, "RFC 5280 section 6.1.3",
        "A CA certificate of the chain has expired.",
        "Ask the CA for its current certificate; the unit's own can often stay.";
    IssuerKeyWeak = "issuer-key-weak", Refuse, "CA/Browser Forum BR 6.1.5",
        "The RSA key of an issuer is below 2048 bits: whoever breaks it can forge certificates, and Apple's systems refuse what it signs.",
        "Have the request signed by a CA with a key of 2048 bits or more.";
    PathLengthExceeded = "path-length-exceeded", Refuse, "RFC 5280 section 4.2.1.9",
        "More CAs follow under a CA than its path length allows.",
        "Ask the CA for a certificate from an issuer that may have issued it.";
    NameConstraintsViolated = "name-constraints-violated", Refuse, "RFC 5280 section 4.2.1.10",
        "A CA of the chain may not issue for this name.",
        "Leave the name out of the request, or have it signed by a CA that may issue for it.";
    ChainTooTangled = "chain-too-tangled", Refuse, "RFC 4158 section 2.4",
        "The chain could not be found within the limits on work.",
        "Upload only the unit's certificate and the CA certificates above it.";

    NotYetValid = "not-yet-valid", Warn, "RFC 5280 section 4.1.2.5",
        "The certificate is not valid yet.",
        "Wait until then, or check the clocks of this unit and of the CA.";
    NoSan = "no-san", Warn, "RFC 9525 section 2",
        "There is no subject alternative name, and browsers ignore the Common Name.",
        "Make a request with the names in it, and have the CA keep them.";
    NameNotCovered = "name-not-covered", Warn, "RFC 9525 section 6",
        "A name or address the unit is reached by is not covered.",
        "Reach the unit by a name that is covered, or make a request that has this one too.";
    SignatureSha1 = "signature-sha1", Warn, "RFC 8446 section 4.4.2.4",
        "A CA signed with SHA-1, which current browsers refuse.",
        "Have the CA sign with SHA-256.";
    SelfSignedLegacyDigest = "self-signed-legacy-digest", Warn, "RFC 8446 section 4.4.2.4",
        "The self-signature was made with MD5 or SHA-1, which Apple's systems refuse and others take only once the certificate itself is trusted.",
        "Make a self-signed certificate with SHA-256, unless a client needs the old one.";
    KeyShort = "key-short", Warn, "CA/Browser Forum BR 6.1.5",
        "The RSA key is below 2048 bits, which Apple's systems refuse, or below 1024 bits, which every current browser refuses.",
        "Make a request with a key of 2048 bits, unless a client needs the short one.";
    KeyUncommon = "key-uncommon", Warn, "RFC 8446 section 9.1",
        "Not every browser can use a key of this kind.",
        "Make a request with an RSA key or one on P-256 or P-384.";
    IntermediateMissing = "intermediate-missing", Warn, "RFC 8446 section 4.4.2",
        "The certificate of the issuer is not in the file, and browsers need it unless it is a root.",
        "Add it, or choose PKCS#7 at your CA. Without it, installing works only where that certificate is already known.";
    SignatureUnchecked = "signature-unchecked", Warn, "RFC 5280 section 6.1.3",
        "The signature is of a kind that cannot be checked here, and that browsers do not accept either.",
        "Have the request signed by a CA with an RSA, P-256 or P-384 key.";
    SerialUnusual = "serial-unusual", Warn, "RFC 5280 section 4.1.2.2",
        "The serial number is negative, zero or longer than 20 octets, which some clients refuse.",
        "Have the CA issue the certificate again with a positive serial number of at most 20 octets.";
    LifetimeTooLong = "lifetime-too-long", Warn, "CA/Browser Forum BR 6.3.2",
        "The certificate is valid for longer than browsers accept from a public CA, or Apple's systems from any issuer.",
        "Have a public CA issue it for a shorter time. From a CA of your own, 825 days and less are fine.";
    SeveralLeaves = "several-leaves", Warn, "RFC 8446 section 4.4.2",
        "Several certificates fit keys of this unit; one of them was taken.",
        "Upload the certificate you mean by itself, with its chain.";
    IpAsDns = "ip-as-dns", Warn, "RFC 5280 section 4.2.1.6",
        "An IP address is written as a DNS name, where browsers do not look for it.",
        "Add the address as an IP address and have that request signed.";
    DnsNameMalformed = "dns-name-malformed", Warn, "RFC 5280 section 4.2.1.6",
        "A DNS name is not written as a host name, so no client matches it.",
        "Make a request with the name as letters, digits and hyphens between dots; international names in their xn-- form.";
    ControlCharacters = "control-characters", Warn, "RFC 5280 section 4.1.2.4",
        "A name contains control, invisible or direction-changing characters, so it is not what it looks like.",
        "Look at the name above with care, and have it issued again without them.";
    CommonNameNotInSan = "common-name-not-in-san", Warn, "CA/Browser Forum BR 7.1.4.3",
        "The Common Name is a host name or address that is not among the subject alternative names.",
        "Have the CA put the Common Name among the subject alternative names.";
    ExtendedKeyUsageAbsent = "extended-key-usage-absent", Warn, "RFC 5280 section 4.2.1.12 and CA/Browser Forum BR 7.1.2.7",
        "There is no extended key usage; Apple's systems refuse a server certificate without one.",
        "Have the CA sign the request with a template for TLS web servers (extendedKeyUsage serverAuth).";
    MustStaple = "must-staple", Warn, "RFC 7633 section 4",
        "The certificate demands a stapled OCSP answer, which this unit does not send, so clients that heed the demand will refuse it.",
        "Have the CA issue it without the TLS feature extension (\"must-staple\").";
    StrictProfile = "strict-profile", Warn, "RFC 5280 section 4.2",
        "The certificate departs from the profile of the Internet, which clients that verify strictly refuse (Python 3.13 and later and OpenSSL with -x509_strict, or the Python package cryptography).",
        "Have the CA correct its template.";

    RootIncluded = "root-included", Note, "RFC 8446 section 4.4.2",
        "The root is in the file. It is not sent: a client has it already or would not trust it.",
        "";
    ChainEndsBeforeRoot = "chain-ends-before-root", Note, "RFC 8446 section 4.4.2",
        "The chain ends at a CA whose issuer is not in the file.",
        "Nothing, if that issuer is a root the browsers know; otherwise add its certificate.";
    IssuedByRoot = "issued-by-root", Note, "RFC 8446 section 4.4.2",
        "The issuer is not in the file, and is a root as far as can be told: nothing is missing, but it is not public.",
        "Have the browsers trust that root. If it is an intermediate after all, add its certificate.";
    CertificatesLeftOut = "certificates-left-out", Note, "RFC 8446 section 4.4.2",
        "Certificates that are not part of the chain were left out.",
        "";
    DuplicatesLeftOut = "duplicates-left-out", Note, "RFC 8446 section 4.4.2",
        "The same certificate is in the file more than once.",
        "";
    OrderRepaired = "order-repaired", Note, "RFC 8446 section 4.4.2",
        "The certificates came in another order than they are sent in.",
        "";
    SubjectChanged = "subject-changed", Note, "RFC 2986 section 3",
        "The CA changed the subject of the request.",
        "";
    NamesLeftOut = "names-left-out", Note, "RFC 2986 section 3",
        "The CA left out subject alternative names of the request.",
        "";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
