//! What a hostile certificate or request carries is text to Chromium and to the console,
//! and floods neither.

use acceptance::{Administrator, Chromium, Home, PASSWORD, Tool, Unit, judge};
use anyhow::{Result, ensure};

/// The narrowest screen that the pages are made for, in CSS pixels.
const NARROW: u32 = 320;

/// A page has at most so many characters, whatever a certificate carries.
const TEXT_MAX: usize = 30_000;

/// Signs the key of the request on standard input, for the organization and the name
/// on the command line.
const SIGN: &str = r#"
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
organization, name = (eval(text) for text in sys.argv[1:])
request = x509.load_pem_x509_csr(sys.stdin.buffer.read())
now = datetime.datetime.utcnow()
attribute = lambda oid, text: x509.NameAttribute(oid, text, _validate=False)
organization = attribute(NameOID.ORGANIZATION_NAME, organization)
names = x509.Name([attribute(NameOID.COMMON_NAME, name), organization])
issuer = x509.Name([attribute(NameOID.COMMON_NAME, name + "CA"), organization])
alternative = [x509.UniformResourceIdentifier(ascii(name)), x509.DirectoryName(names)]
alternative.append(x509.DNSName("ntp1.example.net"))
builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=names)
builder = builder.public_key(request.public_key()).serial_number(4711)
builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(30))
builder = builder.add_extension(x509.SubjectAlternativeName(alternative), False)
certificate = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
sys.stdout.buffer.write(certificate.public_bytes(serialization.Encoding.PEM))
"#;

/// An organization and a name as Python writes them, and what the page has to show.
const HOSTILE: [(&str, &str, &str); 4] = [
    (
        "'<script>document.title=\"ran\"</script>'",
        "'\"><img src=x onerror=document.title=\"ran\">'",
        // As RFC 4514 writes it.
        "\\<script\\>document.title",
    ),
    (
        "'pu\\u202Emoc.elpmaxe'",
        "'a\\u2066b\\u200Fc\\uFEFFd'",
        "moc.elpmaxe",
    ),
    (
        "'a\\x1b[2Jb\\x00c\\x07d\\r\\ne'",
        "'x\\x08\\x7f\\x9by'",
        "[2J",
    ),
    // The longest that a TLS handshake still carries.
    ("'W' * 10_000", "'\u{fd}' * 1_000", "WWWW"),
];

/// Whether a person would not see this character, or see others in another order.
fn is_hidden(character: char) -> bool {
    let bidi = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    bidi || (character.is_control() && character != '\n' && character != '\t')
}

/// The pages that show something of the certificate that serves or served before.
const PAGES: [&str; 8] = [
    "/management/https",
    "/management/https/certificate",
    "/management/https/certificate/previous",
    "/management/https/previous",
    "/management/alarms",
    "/tools/history",
    "/tools/upgrade",
    "/help/trust",
];

/// What the page carries is text that a person can see, and not more than that.
fn ensure_inert(chromium: &Chromium, place: &str) -> Result<()> {
    // A certificate is as long in PEM as it is.
    let text = chromium.text()?;
    let pem = judge::pem_blocks(&text);
    let text = pem
        .iter()
        .fold(text, |text, pem| text.replace(pem.trim_end(), ""));
    ensure_readable(&text, place)?;
    let beyond = chromium.beyond_the_screen()?;
    ensure!(beyond.is_empty(), "{place}: {beyond:#?}");
    let title = chromium.title()?;
    ensure!(title.ends_with("127.0.0.1"), "{place}: {title}");
    let made = "return document.querySelectorAll('main script, main img').length";
    assert_eq!(chromium.script(made, &[])?, 0, "{place}");
    Ok(())
}

fn ensure_readable(text: &str, place: &str) -> Result<()> {
    let hidden = text.chars().find(|&character| is_hidden(character));
    ensure!(hidden.is_none(), "{place}: {hidden:?} is in {text:?}");
    let length = text.chars().count();
    ensure!(length < TEXT_MAX, "{place}: {length} characters");
    Ok(())
}

#[test]
fn what_a_hostile_certificate_carries_is_inert_and_bounded_everywhere() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let fields = [
        ("common_name", "ntp1.example.net"),
        ("key_type", "EC P-256"),
        ("organization", "<script>document.title='ran'</script>"),
        ("locality", "\"><img src=x onerror=document.title='ran'>"),
    ];
    let request = admin.make_request(&fields, &[])?;
    let home = Home::new()?;
    // It is about what the pages show, whatever certificate serves them.
    let chromium = Chromium::start(&home, &["--ignore-certificate-errors"])?;
    chromium.show_on(NARROW, 800, "light")?;
    let url = |path: &str| format!("https://{}{path}", unit.address);
    chromium.sign_in(&url("/login"), PASSWORD)?;
    for (organization, name, shown) in HOSTILE {
        let signing = Tool::new("python3").arg("-c").arg(SIGN);
        let signing = signing.arg(organization).arg(name);
        let file = home.downloads().join("hostile.pem");
        std::fs::write(&file, signing.stdin(&*request).run()?.stdout)?;
        chromium.open(&url("/management/https/upload"))?;
        chromium.attach("#certificate", &file)?;
        chromium.press("Review it")?;
        chromium.expect("Review before install")?;
        chromium.expect(shown)?;
        ensure_inert(&chromium, &format!("the review of {organization}"))?;
        chromium.press("Install")?;
        chromium.expect("The new certificate's SHA-256 fingerprint")?;
        for path in PAGES {
            chromium.open(&url(path))?;
            ensure_inert(&chromium, &format!("{path} with {organization}"))?;
            if path == "/management/https/certificate" {
                chromium.expect(shown)?;
            }
        }
        for line in ["status", "alarms", "journal 100"] {
            let said = unit.console(line)?.text();
            ensure_readable(&said, &format!("{line} with {organization}"))?;
        }
    }
    chromium.open(&url("/management/https/requests"))?;
    chromium.expect("\\<script\\>document.title")?;
    ensure_inert(&chromium, "the requests")
}
