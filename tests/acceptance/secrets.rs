//! Nothing that the unit shows, prints or keeps ever holds a secret.

use acceptance::{
    Administrator, Authority, Canary, Encoding, Name, PASSWORD, Unit, foreign_request, sign_in,
};
use anyhow::{Context as _, Result, ensure};
use std::time::{Duration, Instant};

const PASS_PHRASE: &str = "canary-pass-phrase-86c1";
const CHALLENGE: &str = "canary-challenge-1f7e";
const WRONG_PASSWORD: &str = "canary-mistyped-password-3d0a";
const CONSOLE_PASS_PHRASE: &str = "canary-typed-at-the-console-5c0e";
const NEW_PASSWORD: &str = "canary-new-password-b72f";

/// How a private RSA key in PKCS#8 begins: version 0, rsaEncryption, an octet string
/// (RFC 5208). No public key does.
const PKCS8_RSA: [u8; 19] = [
    0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00, 0x04,
];
/// The same for keys on elliptic curves: version 0, id-ecPublicKey.
const PKCS8_EC: [u8; 14] = [
    0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
];

#[test]
fn no_page_log_line_journal_entry_or_file_holds_a_secret() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut canaries = vec![
        Canary::new("the password", PASSWORD),
        Canary::new("the pass phrase", PASS_PHRASE),
        Canary::within_requests("the challenge password", CHALLENGE),
        Canary::new("a mistyped password", WRONG_PASSWORD),
        Canary::new("the new password", NEW_PASSWORD),
        Canary::new("a private RSA key", PKCS8_RSA),
        Canary::new("a private EC key", PKCS8_EC),
        Canary::new("a private key in PEM", "PRIVATE KEY-----"),
    ];
    assert_eq!(sign_in(&mut unit.browser(), WRONG_PASSWORD)?.status, 401);
    let mut admin = Administrator::sign_in(&unit)?;
    canaries.push(Canary::new(
        "a session token",
        admin.browser.session_token()?,
    ));

    make_with_secrets(&mut admin)?;
    let uploaded = upload_a_private_key(&unit, &mut admin)?;
    canaries.push(Canary::new("the uploaded private key", uploaded));
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    admin.install(&review)?;
    canaries.push(Canary::new(
        "the next session token",
        change_password(&mut admin)?,
    ));
    for page in [
        "",
        "/names",
        "/requests",
        "/paste",
        "/upload",
        "/review",
        "/making",
        "/factory",
    ] {
        admin.browser.open(&format!("/management/https{page}"))?;
    }
    admin.browser.open("/access/sessions")?;
    let backup = admin.backup()?;
    admin.review_backup(&backup)?;
    assert!(admin.journal()?.len() > 5, "the journal is short");
    for command in [
        "help",
        "version",
        "status",
        "backup",
        "defcert",
        "defcert -sha1",
        "sessions",
        "resetpw",
        "no such command",
    ] {
        unit.console(command)?;
    }
    admin.browser.open("/no-such-page")?;

    let unit = unit.kill_and_restart()?;
    for (path, octets) in unit.files()? {
        unit.transcript.add(path.display().to_string(), octets);
    }
    assert_eq!(unit.transcript.find(&canaries), [""; 0]);
    for origin in [
        "/tools/history",
        "/tools/upgrade/backup",
        "/management/https",
        "standard output",
        "console",
        "/state/",
    ] {
        assert!(
            unit.transcript.count(origin) > 0,
            "nothing came from {origin}"
        );
    }
    Ok(())
}

/// Root alone can look into the unit's memory, as `docs/security.md` says.
#[test]
fn no_secret_stays_in_memory_once_it_was_used() -> Result<()> {
    let unit = Unit::start()?;
    for password in [WRONG_PASSWORD, WRONG_PASSWORD, PASSWORD] {
        sign_in(&mut unit.browser(), password)?;
    }
    let mut admin = Administrator::sign_in(&unit)?;
    let secrets = [
        ("common_name", "ntp1.example.net"),
        ("pass_phrase", PASS_PHRASE),
    ];
    admin.make_request(&secrets, &[])?;
    let uploaded = upload_a_private_key(&unit, &mut admin)?;
    change_password(&mut admin)?;
    unit.console(&format!(
        "request new cn=ntp2.example.net key=\"EC P-256\" pass_phrase={CONSOLE_PASS_PHRASE}"
    ))?;
    drop(admin);
    let ends = Instant::now() + Duration::from_secs(20);
    loop {
        let found: Vec<&str> = [
            PASSWORD,
            WRONG_PASSWORD,
            NEW_PASSWORD,
            PASS_PHRASE,
            CONSOLE_PASS_PHRASE,
            &uploaded,
        ]
        .into_iter()
        .filter_map(|secret| match unit.has_in_memory(secret.as_bytes()) {
            Ok(false) => None,
            Ok(true) => Some(Ok(secret)),
            Err(why) => Some(Err(why)),
        })
        .collect::<Result<_>>()?;
        if found.is_empty() {
            break;
        }
        // The connections end a moment after the browser has.
        ensure!(Instant::now() < ends, "still in memory: {found:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
    // What is in use is found: the certificate that serves.
    assert!(unit.has_in_memory(b"Spectracom")?);
    Ok(())
}

/// A form that is refused at first, with secrets in it, then requests and a self-signed
/// certificate.
fn make_with_secrets(admin: &mut Administrator) -> Result<()> {
    let secrets = [
        ("pass_phrase", PASS_PHRASE),
        ("challenge_password", CHALLENGE),
    ];
    let mut fields = secrets.to_vec();
    fields.push(("common_name", "*.example.net"));
    let form = admin.fill_form(&fields, &[Name::Of("IP", "nowhere")])?;
    assert_eq!(admin.make(&form)?.status, 422);
    let mut form = admin.browser.open("/management/https")?.form("/create")?;
    form.fill("common_name", "ntp1.example.net")?;
    form.fill("name_value", "10.0.0.7")?;
    admin.make(&form)?;
    for (key_type, self_signed) in [("EC P-256", "no"), ("RSA", "yes")] {
        fields = secrets.to_vec();
        fields.extend([("key_type", key_type), ("self_signed", self_signed)]);
        admin.make_request(&fields, &[])?;
    }
    let mut form = admin.browser.open("/management/https")?.form("/create")?;
    form.fill("self_signed", "no")?;
    admin.make(&form)?;
    Ok(())
}

/// Uploads and pastes somebody's private key, and returns what must not come back.
fn upload_a_private_key(unit: &Unit, admin: &mut Administrator) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let (key, _) = foreign_request(folder.path(), "/CN=ntp1.example.net")?;
    admin.upload("key.pem", key.as_bytes(), "x509-pem")?;
    admin.paste(key.as_bytes())?;
    assert!(unit.transcript.count("/management/https/paste") > 0);
    Ok(key.lines().nth(5).context("the key is short")?.to_owned())
}

/// Changes the password, and returns the token of the session that begins.
fn change_password(admin: &mut Administrator) -> Result<String> {
    let mut form = admin.browser.open("/password")?.form("/password")?;
    form.fill("present", PASSWORD)?;
    form.fill("new", NEW_PASSWORD)?;
    form.fill("again", NEW_PASSWORD)?;
    let page = admin.browser.submit(&form)?;
    assert_eq!(page.path, "/management/https", "{}", page.text());
    Ok(admin.browser.session_token()?.to_owned())
}
