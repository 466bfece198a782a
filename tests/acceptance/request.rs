//! Making a request from the form, as OpenSSL and GnuTLS read it.

use acceptance::{Administrator, Name, Page, Unit, judge};
use anyhow::{Context as _, Result};

const FIELDS: &[(&str, &str)] = &[
    ("self_signed", "no"),
    ("signature_algorithm", "SHA-384"),
    ("pass_phrase", "correct horse"),
    ("key_type", "RSA"),
    ("key_bits", "3072"),
    ("country", "FR"),
    ("state", "Île-de-France"),
    ("locality", "Les Ulis"),
    ("organization", "Example & Søn"),
    ("organizational_unit", "Timing"),
    ("organizational_unit", "Rack \"7\""),
    ("common_name", "ntp1.example.net"),
    ("email", "noc@example.net"),
    ("challenge_password", "Tick-tock 60"),
    ("optional_organization", "Example Holding"),
    ("days", "90"),
];

const NAMES: &[Name<'_>] = &[
    Name::Of("DNS", "time.example.net"),
    Name::Of("IP", "192.0.2.7"),
    Name::Of("IP", "2001:db8::7"),
    Name::Of("email", "clock@example.net"),
    Name::Of("URI", "https://time.example.net/status?a=b"),
    Name::Of("RID", "1.3.6.1.4.1.18837.3"),
    Name::Directory(["FR", "Example & Søn", "Timing", "ntp1"]),
];

#[test]
fn the_request_holds_every_field_and_every_type_of_name() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let served = judge::presented_chain(unit.address)?;
    let request = admin.make_request(FIELDS, NAMES)?;

    let text = judge::request(&request)?;
    for expected in [
        "countryName=FR\n",
        "stateOrProvinceName=Île-de-France\n",
        "localityName=Les Ulis\n",
        "organizationName=Example & Søn\n",
        "organizationalUnitName=Timing\n",
        "organizationalUnitName=Rack \"7\"\n",
        "commonName=ntp1.example.net\n",
        "emailAddress=noc@example.net\n",
        "Public-Key: (3072 bit)",
        "challengePassword        :Tick-tock 60\n",
        "unstructuredName         :Example Holding\n",
        "DNS:ntp1.example.net, DNS:time.example.net, IP Address:192.0.2.7, \
         IP Address:2001:DB8:0:0:0:0:0:7, email:clock@example.net, \
         URI:https://time.example.net/status?a=b, Registered ID:1.3.6.1.4.1.18837.3, \
         DirName:/C=FR/O=Example & S\\xC3\\xB8n/OU=Timing/CN=ntp1\n",
        "Signature Algorithm: sha384WithRSAEncryption",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    assert_eq!(
        judge::presented_chain(unit.address)?,
        served,
        "a request changes what serves"
    );
    read_by_gnutls(&request)?;
    shown_as_it_is(&request, &admin.browser.open("/management/https/requests")?)
}

fn read_by_gnutls(request: &str) -> Result<()> {
    let text = judge::request_by_gnutls(request)?;
    for expected in [
        "EMAIL=noc@example.net",
        "CN=ntp1.example.net",
        "OU=Rack \\\"7\\\"",
        "OU=Timing",
        "O=Example & Søn",
        "L=Les Ulis",
        "ST=Île-de-France",
        "C=FR",
        "Algorithm Security Level: High (3072 bits)",
        "Signature Algorithm: RSA-SHA384",
        "Challenge password: Tick-tock 60",
        "DNSname: ntp1.example.net",
        "DNSname: time.example.net",
        "IPAddress: 192.0.2.7",
        "IPAddress: 2001:db8::7",
        "RFC822Name: clock@example.net",
        "URI: https://time.example.net/status?a=b",
        "Registered ID: 1.3.6.1.4.1.18837.3",
        "directoryName: CN=ntp1,OU=Timing,O=Example & Søn,C=FR",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    Ok(())
}

/// What the page shows of the request is what the judges read in it.
fn shown_as_it_is(request: &str, page: &Page) -> Result<()> {
    let by_gnutls = judge::request_by_gnutls(request)?;
    let subject = by_gnutls
        .lines()
        .find_map(|line| line.trim().strip_prefix("Subject: "));
    let names = "DNS: ntp1.example.net, DNS: time.example.net, IP: 192.0.2.7, IP: 2001:db8::7, \
                 email: clock@example.net, URI: https://time.example.net/status?a=b, \
                 RID: 1.3.6.1.4.1.18837.3, dirName: CN=ntp1,OU=Timing,O=Example & Søn,C=FR";
    for (label, expected) in [
        ("Subject", subject.context("GnuTLS reads no subject")?),
        ("Names", names),
        ("Key", "RSA 3072"),
        ("Signature", "sha384WithRSAEncryption"),
        ("SHA-256 fingerprint", &judge::request_fingerprint(request)?),
        (
            "Key's fingerprint",
            &judge::request_key_fingerprint(request)?,
        ),
    ] {
        let shown = page.facts(label);
        assert!(
            shown.iter().any(|shown| shown == expected),
            "{label}: {expected} is not {shown:?}"
        );
    }
    Ok(())
}

#[test]
fn the_file_to_download_is_the_request_that_the_page_shows() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let fields = [("common_name", "10.0.0.7"), ("key_type", "EC P-256")];
    let request = admin.make_request(&fields, &[])?;
    assert!(
        judge::request(&request)?.contains("IP Address:10.0.0.7"),
        "{request}"
    );

    let page = admin.browser.open("/management/https/requests")?;
    let links = page
        .content
        .find_all(|element| element.attribute("download").is_some());
    let [link] = links.as_slice() else {
        panic!("one link, not {}", links.len())
    };
    let file = admin
        .browser
        .download(link.attribute("href").context("no address")?)?;
    assert_eq!(file.status, 200);
    assert_eq!(String::from_utf8(file.body)?, request);
    let disposition = file
        .headers
        .iter()
        .find(|(name, _)| name == "content-disposition");
    assert!(
        disposition.is_some_and(|(_, value)| value.contains("cert.csr")),
        "{disposition:?}"
    );
    Ok(())
}

#[test]
fn the_key_and_the_signature_are_those_that_were_chosen() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    for (key_type, bits, digest, key, signature) in [
        ("RSA", "512", "MD5", "(512 bit)", "md5WithRSAEncryption"),
        (
            "RSA",
            "1024",
            "SHA-1",
            "(1024 bit)",
            "sha1WithRSAEncryption",
        ),
        (
            "RSA",
            "1536",
            "SHA-512",
            "(1536 bit)",
            "sha512WithRSAEncryption",
        ),
        (
            "RSA",
            "2048",
            "SHA-256",
            "(2048 bit)",
            "sha256WithRSAEncryption",
        ),
        (
            "EC P-256",
            "2048",
            "SHA-1",
            "NIST CURVE: P-256",
            "ecdsa-with-SHA1",
        ),
        (
            "EC P-384",
            "2048",
            "SHA-384",
            "NIST CURVE: P-384",
            "ecdsa-with-SHA384",
        ),
    ] {
        let fields = [
            ("common_name", "ntp1.example.net"),
            ("key_type", key_type),
            ("key_bits", bits),
            ("signature_algorithm", digest),
        ];
        let text = judge::request(&admin.make_request(&fields, &[])?)?;
        assert!(text.contains(key), "{key} is not in {text}");
        assert!(
            text.contains(&format!("Signature Algorithm: {signature}\n")),
            "{text}"
        );
    }
    Ok(())
}

#[test]
fn the_names_can_be_left_out() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let names = [Name::Of("DNS", "time.example.net")];
    let fields = [
        ("common_name", "ntp1.example.net"),
        ("key_type", "EC P-256"),
    ];
    let mut form = admin.fill_form(&fields, &names)?;
    form.tick("omit_names")?;
    admin.make(&form)?;
    let requests = admin.requests()?;
    let text = judge::request(requests.first().context("no request")?)?;
    assert!(!text.contains("Alternative Name"), "{text}");
    Ok(())
}

#[test]
fn what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost() -> Result<()> {
    const WRONG: &[(&str, &str, &str)] = &[
        ("key_bits", "2049", "even"),
        ("country", "XX", "ISO 3166"),
        ("common_name", "*.example.net", "wildcard"),
        ("email", "nobody", "@"),
        ("days", "soon", "\"soon\" is no number of days"),
        ("pass_phrase", "abc", "4"),
    ];
    const RIGHT: &[(&str, &str)] = &[
        ("signature_algorithm", "SHA-512"),
        ("state", "Île-de-France"),
        ("locality", "<b>\"Les Ulis\" & more</b>"),
        ("organization", "Example"),
        ("optional_organization", "Example Holding"),
    ];
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let mut fields: Vec<(&str, &str)> = RIGHT.to_vec();
    fields.extend(WRONG.iter().map(|(name, value, _)| (*name, *value)));
    fields.extend([
        ("organizational_unit", "Timing"),
        ("organizational_unit", "Rack 7"),
    ]);
    let names = [
        Name::Of("DNS", "time.example.net"),
        Name::Of("IP", "10.0.0.300"),
        Name::Of("DNS", "*.example.net"),
        Name::Directory(["FRA", "Example", "", ""]),
    ];
    let form = admin.fill_form(&fields, &names)?;
    let page = admin.make(&form)?;

    assert_eq!(page.status, 422, "{}", page.text());
    for (name, _, expected) in WRONG {
        let said = page
            .said_of(name, 0)
            .with_context(|| format!("nothing is said of {name}"))?;
        assert!(
            said.contains(expected),
            "{name}: {expected:?} is not in {said:?}"
        );
    }
    for (name, _) in RIGHT {
        assert_eq!(page.said_of(name, 0), None, "{name}");
    }
    for (row, expected) in [(0, None), (1, Some("10.0.0.300")), (2, Some("wildcard"))] {
        let said = page.said_of("name_value", row);
        let right = match expected {
            Some(expected) => said.as_ref().is_some_and(|said| said.contains(expected)),
            None => said.is_none(),
        };
        assert!(right, "name {row}: {said:?}");
    }
    assert!(
        page.said_of("name_value", 3).is_some(),
        "nothing is said of the directory name"
    );

    let kept = page.form("/create")?;
    for (name, value) in fields
        .iter()
        .filter(|(name, _)| *name != "organizational_unit")
    {
        // Secrets are kept by the unit, not written into the page.
        let expected = if *name == "pass_phrase" { "" } else { value };
        assert_eq!(kept.values(name), [expected], "{name}");
    }
    assert_eq!(kept.values("organizational_unit"), ["Timing", "Rack 7"]);
    assert_eq!(kept.values("name_type"), ["DNS", "IP", "DNS", "dirName"]);
    let typed = ["time.example.net", "10.0.0.300", "*.example.net", ""];
    assert_eq!(kept.values("name_value"), typed);
    assert_eq!(kept.values("name_organization"), ["", "", "", "Example"]);
    assert!(admin.requests()?.is_empty(), "a request was made");
    Ok(())
}

#[test]
fn the_missing_common_name_is_asked_for() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let form = admin.fill_form(&[("common_name", ""), ("organization", "Example")], &[])?;
    let page = admin.make(&form)?;
    assert!(page.said_of("common_name", 0).is_some(), "{}", page.text());
    assert_eq!(page.form("/create")?.values("organization"), ["Example"]);
    Ok(())
}

#[test]
fn the_form_is_kept_while_other_pages_are_looked_at() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = Administrator::sign_in(&unit)?;
    let fields = [
        ("common_name", "ntp1.example.net"),
        ("organization", "Example"),
    ];
    let form = admin.fill_form(&fields, &[Name::Of("DNS", "time.example.net")])?;
    let page = admin.browser.press(&form, "then", "names")?;
    assert_eq!(page.path, "/management/https/names#tab");
    assert!(page.text().contains("time.example.net"), "{}", page.text());
    let form = admin.browser.open("/management/https")?.form("/create")?;
    assert_eq!(form.values("organization"), ["Example"]);
    assert_eq!(form.values("name_value"), ["time.example.net"]);
    Ok(())
}
