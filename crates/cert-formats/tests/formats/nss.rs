//! What the tools of NSS write: those of Firefox, Thunderbird and Red Hat's directory and
//! certificate servers.

use std::path::Path;

use cert_formats::{CmsType, Error, Format, What};
use tempfile::TempDir;

use crate::support::tools::{openssl, pki, pki_der, run};
use crate::support::{assert_same, codes, ders, read, refused};

/// A database that holds the leaf of the run with its key, and its CA.
struct Database(TempDir);

impl Database {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Self(folder);
        database.nss("certutil -N --empty-password");
        let pkcs12 = openssl(
            "pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -name leaf -passout pass:x",
            b"",
        );
        std::fs::write(database.0.path().join("leaf.p12"), pkcs12).unwrap();
        std::fs::write(database.0.path().join("content"), "what was signed\n").unwrap();
        database.nss("pk12util -i leaf.p12 -W x");
        database.nss("certutil -M -n CA -t CT,C,C");
        database
    }

    /// Runs a tool of NSS on this database.
    #[track_caller]
    fn nss(&self, command: &str) -> Vec<u8> {
        let mut words = command.split_whitespace();
        let program = words.next().unwrap();
        let arguments: Vec<&str> = ["-d", "sql:."].into_iter().chain(words).collect();
        run(program, &arguments, b"", self.0.path())
    }

    /// Runs a tool that writes to the file `out`.
    #[track_caller]
    fn written(&self, command: &str) -> Vec<u8> {
        self.nss(&format!("{command} -o out"));
        self.take(Path::new("out"))
    }

    fn take(&self, name: &Path) -> Vec<u8> {
        let path = self.0.path().join(name);
        let written = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        written
    }
}

#[test]
fn certificates_as_certutil_prints_them() {
    let database = Database::new();
    let der = database.nss("certutil -L -n leaf -r");
    let bundle = read(&der);
    assert_eq!(
        (bundle.format, ders(&bundle)),
        (Format::X509Der, vec![pki_der("leaf.pem")])
    );
    assert_eq!(codes(&bundle), [""; 0]);

    // Its lines end with CR LF and its last with LF.
    let pem = database.nss("certutil -L -n leaf -a");
    let text = database.nss("certutil -L -n leaf");
    for (upload, expected) in [
        (pem.clone(), &["line-ends"][..]),
        ([text, pem].concat(), &["line-ends", "text-ignored"]),
    ] {
        let bundle = read(&upload);
        assert_eq!(ders(&bundle), [pki_der("leaf.pem")]);
        assert_eq!(codes(&bundle), expected);
    }
}

#[test]
fn certs_only_as_cmsutil_writes_it() {
    let database = Database::new();
    let ber = database.written("cmsutil -O -r leaf,CA -i content");
    assert!(ber.starts_with(&[0x30, 0x80]), "with indefinite lengths");
    let bundle = read(&ber);
    assert_eq!(bundle.format, Format::Pkcs7Der);
    assert_same(&ders(&bundle), &[pki_der("leaf.pem"), pki_der("ca.pem")]);
    assert_eq!(
        codes(&bundle),
        ["ber", "signed-message"],
        "its content is empty, not absent"
    );
}

#[test]
fn signed_messages_as_cmsutil_and_p7sign_write_them() {
    let database = Database::new();
    for (command, expected) in [
        (
            "cmsutil -S -N leaf -i content",
            &["ber", "signed-message"][..],
        ),
        (
            "cmsutil -S -T -N leaf -i content",
            &["ber", "signed-message"],
        ),
        (
            "cmsutil -S -G -P -N leaf -i content",
            &["ber", "signed-message"],
        ),
        ("p7sign -k leaf -i content", &["signed-message"]),
        ("p7sign -k leaf -e -i content", &["signed-message"]),
    ] {
        let bundle = read(&database.written(command));
        assert_eq!(ders(&bundle), [pki_der("leaf.pem")], "{command}");
        assert_eq!(codes(&bundle), expected, "{command}");
    }
}

#[test]
fn what_else_the_tools_write_is_named() {
    let database = Database::new();
    std::fs::copy(pki().join("content"), database.0.path().join("noise")).unwrap();
    let request = "certutil -R -z noise -g 2048 -s CN=ntp1.example.net";
    let enveloped = What::Cms(CmsType::EnvelopedData);
    for (command, what) in [
        ("cmsutil -E -r leaf -i content", enveloped),
        ("p7env -r leaf -i content", enveloped),
        ("pk12util -n leaf -W y", What::Pkcs12),
        ("crlutil -G -n leaf -c /dev/null", What::Crl),
        (request, What::CertificateRequest),
        (&format!("{request} -a"), What::CertificateRequest),
    ] {
        let error = refused(&database.written(command));
        assert_eq!(error, Error::NotACertificate(what), "{command}");
    }
}
