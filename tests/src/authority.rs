//! A certification authority as a company runs it: a root that signs an issuing CA,
//! which signs servers. It is OpenSSL's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use crate::tool::Tool;

/// The authority's rules. The issuing CA copies the extensions that are asked for,
/// unless the section named on its command line has its own.
const CONFIGURATION: &str = "\
[root]
certificate = root.pem
private_key = root.key
new_certs_dir = .
database = index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 1000
policy = any
[issuing]
certificate = issuing.pem
private_key = issuing.key
new_certs_dir = .
database = index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 90
policy = any
email_in_dn = yes
copy_extensions = copy
[any]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
emailAddress = optional
[req]
distinguished_name = empty
prompt = no
string_mask = utf8only
[empty]
[root_extensions]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[wildcard]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:*.example.net
";

/// The authority; its keys end with it.
pub struct Authority {
    folder: TempDir,
}

/// A certificate and the one that signed it, as PEM.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate for the request.
    pub leaf: String,
    /// The issuing CA's certificate.
    pub intermediate: String,
}

/// The forms in which an authority hands out certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// PEM blocks one after the other.
    X509Pem,
    /// DER, one after the other.
    X509Der,
    /// PKCS#7 in a PEM block.
    Pkcs7Pem,
    /// PKCS#7 as DER.
    Pkcs7Der,
}

impl Authority {
    /// Makes the keys and certificates of the root and the issuing CA, with RSA.
    pub fn new() -> Result<Self> {
        Self::with_keys("rsa:2048")
    }

    /// The same with keys on the curve P-256.
    pub fn elliptic() -> Result<Self> {
        Self::with_keys("ec -pkeyopt ec_paramgen_curve:P-256")
    }

    fn with_keys(key: &str) -> Result<Self> {
        let authority = Self {
            folder: tempfile::tempdir()?,
        };
        authority.write("openssl.cnf", CONFIGURATION)?;
        authority.write("index.txt", "")?;
        let key = format!("req -config openssl.cnf -newkey {key} -noenc");
        authority
            .openssl(&format!(
                "{key} -x509 -days 3650 -extensions root_extensions"
            ))
            .args("-keyout root.key -out root.pem -subj")
            .arg("/O=Example/CN=Example Root CA")
            .run()?;
        authority
            .openssl(&format!("{key} -keyout issuing.key -out issuing.csr -subj"))
            .arg("/O=Example/CN=Example Issuing CA 2")
            .run()?;
        authority
            .openssl("ca -config openssl.cnf -name root -batch -notext -extensions ca")
            .args("-in issuing.csr -out issuing.pem")
            .run()?;
        Ok(authority)
    }

    /// The file with the root's certificate, for those who trust it.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.path("root.pem")
    }

    /// The issuing CA's certificate as PEM.
    pub fn intermediate(&self) -> Result<String> {
        self.read("issuing.pem")
    }

    /// Signs a request for a server.
    pub fn sign(&self, request: &str) -> Result<Issued> {
        self.sign_as("server", request)
    }

    /// Signs a request for a server, for so many seconds from now on.
    pub fn sign_for(&self, request: &str, seconds: u32) -> Result<Issued> {
        let end = Tool::new("date")
            .args("-u +%y%m%d%H%M%SZ -d")
            .arg(format!("{seconds} seconds"))
            .run()?;
        self.sign_with(
            request,
            &["-extensions", "server", "-enddate", end.text().trim()],
        )
    }

    /// Signs a request for a CA below this one.
    pub fn sign_ca(&self, request: &str) -> Result<Issued> {
        self.sign_as("ca", request)
    }

    /// Signs a request, with a wildcard for its names.
    pub fn sign_wildcard(&self, request: &str) -> Result<Issued> {
        self.sign_as("wildcard", request)
    }

    /// The issuing CA's list of revoked certificates, as PEM.
    pub fn revocation_list(&self) -> Result<String> {
        let list = self.openssl("ca -config openssl.cnf -name issuing -gencrl -crldays 7");
        Ok(list.run()?.text())
    }

    fn sign_as(&self, extensions: &str, request: &str) -> Result<Issued> {
        self.sign_with(request, &["-extensions", extensions])
    }

    fn sign_with(&self, request: &str, options: &[&str]) -> Result<Issued> {
        self.write("request.pem", request)?;
        let signing = "ca -config openssl.cnf -name issuing -batch -notext -in request.pem";
        let signing = self.openssl(signing);
        let signing = options
            .iter()
            .fold(signing, |signing, option| signing.arg(option));
        Ok(Issued {
            leaf: signing.run()?.text(),
            intermediate: self.intermediate()?,
        })
    }

    fn openssl(&self, arguments: &str) -> Tool {
        Tool::openssl(arguments).in_folder(self.folder.path())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.path(name))?)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.path(name), text)?)
    }
}

impl Issued {
    /// Both certificates, leaf first, as the authority would hand them out.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>> {
        let both = format!("{}{}", self.leaf, self.intermediate);
        match encoding {
            Encoding::X509Pem => Ok(both.into_bytes()),
            Encoding::X509Der => Ok([
                certificate_der(&self.leaf)?,
                certificate_der(&self.intermediate)?,
            ]
            .concat()),
            Encoding::Pkcs7Pem => pkcs7(&both, "PEM"),
            Encoding::Pkcs7Der => pkcs7(&both, "DER"),
        }
    }
}

impl Encoding {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::X509Pem, Self::X509Der, Self::Pkcs7Pem, Self::Pkcs7Der];

    /// Whether it is text, which can be pasted.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::X509Pem | Self::Pkcs7Pem)
    }

    /// The name that the unit's pages give it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::X509Pem => "X.509 PEM",
            Self::X509Der => "X.509 DER",
            Self::Pkcs7Pem => "PKCS7 PEM",
            Self::Pkcs7Der => "PKCS7 DER",
        }
    }
}

/// The DER of a certificate in PEM.
pub(crate) fn certificate_der(pem: &str) -> Result<Vec<u8>> {
    Ok(Tool::openssl("x509 -outform DER").stdin(pem).run()?.stdout)
}

fn pkcs7(certificates: &str, form: &str) -> Result<Vec<u8>> {
    let bundling = Tool::openssl("crl2pkcs7 -nocrl -certfile /dev/stdin -outform").args(form);
    Ok(bundling.stdin(certificates).run()?.stdout)
}

/// A private key made by OpenSSL and a request for it with this subject, such as
/// `/CN=ntp1.example.net`, both as PEM.
pub fn foreign_request(folder: &Path, subject: &str) -> Result<(String, String)> {
    Tool::openssl("req -newkey rsa:2048 -noenc -keyout foreign.key -out foreign.csr -subj")
        .arg(subject)
        .in_folder(folder)
        .run()?;
    let read = |name| fs::read_to_string(folder.join(name));
    Ok((read("foreign.key")?, read("foreign.csr")?))
}
