//! What Java writes, by itself and with Bouncy Castle, which EJBCA writes with.

use cert_formats::Format;

use crate::support::tools::{java, openssl, pki_der, pki_file, run};
use crate::support::{CHAIN_PEM, assert_same, chain, codes, ders, read};

/// Runs a Java program that reads certificates from its standard input into `all`, and writes the
/// octets that `expression` is.
fn java_with(imports: &str, statement: &str, expression: &str) -> Vec<u8> {
    let source = format!(
        r#"
        import java.security.cert.*;
        import java.util.*;
        {imports}
        public class Pack {{
            public static void main(String[] none) throws Exception {{
                CertificateFactory factory = CertificateFactory.getInstance("X.509");
                List<X509Certificate> all = new ArrayList<>();
                for (Certificate one : factory.generateCertificates(System.in)) {{
                    all.add((X509Certificate) one);
                }}
                {statement}
                System.out.write({expression});
                System.out.flush();
            }}
        }}"#
    );
    java("Pack", &source, CHAIN_PEM.as_bytes())
}

#[test]
fn certs_only_as_java_writes_it() {
    let expression = r#"factory.generateCertPath(all).getEncoded("PKCS7")"#;
    let bundle = read(&java_with("", "", expression));
    assert_eq!(bundle.format, Format::Pkcs7Der);
    assert_same(&ders(&bundle), &chain());
    assert_eq!(codes(&bundle), [""; 0]);
}

#[test]
fn certs_only_as_ejbca_writes_it_with_bouncy_castle() {
    let imports = "
        import org.bouncycastle.cert.jcajce.JcaCertStore;
        import org.bouncycastle.cms.*;";
    let statement = "
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addCertificates(new JcaCertStore(all));";
    for (content, encoding, expected) in [
        ("new CMSAbsentContent()", "BER", &["ber"][..]),
        ("new CMSAbsentContent()", "DER", &[]),
        // An answer by SCEP has the name of the program for content, and no signer.
        (
            r#"new CMSProcessableByteArray("EJBCA".getBytes())"#,
            "BER",
            &["ber", "signed-message"],
        ),
    ] {
        let expression = format!(r#"generator.generate({content}, true).getEncoded("{encoding}")"#);
        let bundle = read(&java_with(imports, statement, &expression));
        assert_eq!(bundle.format, Format::Pkcs7Der);
        assert_same(&ders(&bundle), &chain());
        assert_eq!(codes(&bundle), expected, "{expression}");
    }
}

#[test]
fn signed_messages_as_jarsigner_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let tool = |program: &str, arguments: &str| {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        run(program, &arguments, b"", folder.path())
    };
    let pkcs12 = openssl(
        "pkcs12 -export -in leaf.pem -inkey leaf.key -certfile ca.pem -name leaf -passout pass:secret",
        b"",
    );
    std::fs::write(folder.path().join("leaf.p12"), pkcs12).unwrap();
    std::fs::write(folder.path().join("content"), "what was signed\n").unwrap();
    tool("jar", "--create --file signed.jar content");
    tool(
        "jarsigner",
        "-keystore leaf.p12 -storepass secret signed.jar leaf",
    );
    tool("jar", "--extract --file signed.jar META-INF/LEAF.RSA");
    let bundle = read(&std::fs::read(folder.path().join("META-INF/LEAF.RSA")).unwrap());
    assert_same(&ders(&bundle), &[pki_der("leaf.pem"), pki_der("ca.pem")]);
    assert_eq!(codes(&bundle), ["signed-message"]);
}

#[test]
fn certificates_as_keytool_prints_them() {
    let folder = tempfile::tempdir().unwrap();
    let tool = |arguments: &str| {
        let fixed = "-keystore store.p12 -storepass secret";
        let arguments: Vec<&str> = arguments
            .split_whitespace()
            .chain(fixed.split(' '))
            .collect();
        run("keytool", &arguments, b"", folder.path())
    };
    std::fs::write(folder.path().join("ca.pem"), pki_file("ca.pem")).unwrap();
    tool("-importcert -noprompt -alias ca -file ca.pem");
    for (arguments, format, expected) in [
        ("-exportcert -alias ca", Format::X509Der, &[][..]),
        // The lines of the base64 end with CR LF, the others with LF.
        (
            "-exportcert -alias ca -rfc",
            Format::X509Pem,
            &["line-ends"],
        ),
        (
            "-list -rfc",
            Format::X509Pem,
            &["line-ends", "text-ignored"],
        ),
    ] {
        let bundle = read(&tool(arguments));
        assert_eq!(bundle.format, format);
        assert_eq!(ders(&bundle), [pki_der("ca.pem")], "{arguments}");
        assert_eq!(codes(&bundle), expected, "{arguments}");
    }
}
