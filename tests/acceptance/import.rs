//! What the CA answers, in every form and on every way in.

use acceptance::{Administrator, Authority, Encoding, Issued, Name, Page, Unit, judge};
use anyhow::{Result, ensure};

/// How each form is called by the list "Certificate Type".
const SELECTIONS: [(Encoding, &str); 4] = [
    (Encoding::X509Pem, "x509-pem"),
    (Encoding::X509Der, "x509-der"),
    (Encoding::Pkcs7Pem, "pkcs7-pem"),
    (Encoding::Pkcs7Der, "pkcs7-der"),
];

#[test]
fn x509_pem_is_imported_on_every_way_and_survives_a_power_cut() -> Result<()> {
    check(Encoding::X509Pem)
}

#[test]
fn x509_der_is_imported_on_every_way_and_survives_a_power_cut() -> Result<()> {
    check(Encoding::X509Der)
}

#[test]
fn pkcs7_pem_is_imported_on_every_way_and_survives_a_power_cut() -> Result<()> {
    check(Encoding::Pkcs7Pem)
}

#[test]
fn pkcs7_der_is_imported_on_every_way_and_survives_a_power_cut() -> Result<()> {
    check(Encoding::Pkcs7Der)
}

#[track_caller]
fn check(encoding: Encoding) -> Result<()> {
    let mut unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    // What the person selects is a hint: what the file is decides.
    for (selected, selection) in SELECTIONS {
        let issued = authority.sign(&request)?;
        let review = admin.upload("certificate", &issued.encode(encoding)?, selection)?;
        says_whether_it_differs(&review, selected, encoding)?;
        admin.install(&review)?;
        serves(&unit, &authority, &issued)?;
    }
    if encoding.is_text() {
        let issued = authority.sign(&request)?;
        let review = admin.paste(&issued.encode(encoding)?)?;
        ensure!(!review.text().contains("as selected"), "{}", review.text());
        admin.install(&review)?;
        serves(&unit, &authority, &issued)?;
    }
    let issued = authority.sign(&request)?;
    let review = admin.upload("certificate", &issued.encode(encoding)?, "automatic")?;
    ensure!(!review.text().contains("as selected"), "{}", review.text());
    admin.install(&review)?;
    unit = unit.kill_and_restart()?;
    serves(&unit, &authority, &issued)
}

fn says_whether_it_differs(review: &Page, selected: Encoding, found: Encoding) -> Result<()> {
    let differs = review.text().contains("as selected");
    ensure!(
        differs == (selected != found),
        "selected {selected:?}, is {found:?}: {}",
        review.text()
    );
    Ok(())
}

/// OpenSSL, which trusts the root only, sees the leaf and the intermediate.
fn serves(unit: &Unit, authority: &Authority, issued: &Issued) -> Result<()> {
    let chain = judge::trusted_chain(unit.address, &authority.root(), "ntp1.example.net")?;
    ensure!(
        chain == [&*issued.leaf, &*issued.intermediate],
        "another chain: {chain:?}"
    );
    Ok(())
}

#[test]
fn the_answer_to_the_first_of_two_requests_is_imported_and_works() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let fields = [
        ("common_name", "ntp1.example.net"),
        ("organization", "Example"),
    ];
    let first = admin.make_request(&fields, &[])?;
    let second = admin.make_request(&fields, &[])?;
    assert_ne!(
        judge::public_key_of_request(&first)?,
        judge::public_key_of_request(&second)?
    );
    assert_eq!(admin.requests()?.len(), 2);

    for request in [&first, &second, &first] {
        let issued = authority.sign(request)?;
        let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
        admin.install(&review)?;
        serves(&unit, &authority, &issued)?;
    }
    assert_eq!(admin.requests()?.len(), 2, "a request was lost");
    Ok(())
}

#[test]
fn every_name_of_the_request_is_verified_in_what_is_served() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let names = [
        Name::Of("DNS", "time.example.net"),
        Name::Of("IP", "127.0.0.1"),
        Name::Of("IP", "2001:db8::7"),
    ];
    let fields = [
        ("common_name", "ntp1.example.net"),
        ("key_type", "EC P-384"),
    ];
    let request = admin.make_request(&fields, &names)?;
    let issued = authority.sign(&request)?;
    let review = admin.upload("cert.p7b", &issued.encode(Encoding::Pkcs7Der)?, "automatic")?;
    admin.install(&review)?;
    for name in [
        "ntp1.example.net",
        "time.example.net",
        "127.0.0.1",
        "2001:db8::7",
    ] {
        judge::trusted_chain(unit.address, &authority.root(), name)?;
    }
    Ok(())
}

#[test]
fn a_chain_in_the_wrong_order_with_the_root_is_served_in_order_without_it() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let request = admin.make_request(&[("common_name", "ntp1.example.net")], &[])?;
    let issued = authority.sign(&request)?;
    let root = std::fs::read_to_string(authority.root())?;
    let shuffled = format!("{root}{}{}", issued.intermediate, issued.leaf);
    let review = admin.paste(shuffled.as_bytes())?;
    admin.install(&review)?;
    serves(&unit, &authority, &issued)
}

/// A key of 512 bits cannot sign in TLS 1.3, of which the certificate itself says nothing wrong.
#[test]
fn what_tls_cannot_serve_is_refused_in_the_review() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let before = judge::presented_chain(unit.address)?;
    let fields = [("common_name", "ntp1.example.net"), ("key_bits", "512")];
    let request = admin.make_request(&fields, &[])?;
    let issued = authority.sign(&request)?;
    let review = admin.paste(&issued.encode(Encoding::X509Pem)?)?;
    let text = review.text();
    ensure!(
        text.contains("It cannot be served: its key is too short"),
        "{text}"
    );
    ensure!(
        admin.install(&review).is_err(),
        "there is an Install: {text}"
    );
    ensure!(judge::presented_chain(unit.address)? == before);
    Ok(())
}
