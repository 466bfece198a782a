//! Certificate requests.

use std::net::IpAddr;

use der::asn1::Any;
use der::{Decode, Encode};
use pki_core::{
    ChallengePassword, CommonName, CountryCode, Digest, DirectoryName, EmailAddress, KeySpec,
    LocalityName, NAMES_MAX, ORGANIZATIONAL_UNITS_MAX, OrganizationName, OrganizationalUnitName,
    RequestParams, SanExtension, StateName, Subject, SubjectAltName, SubjectAltNameKind,
    UnstructuredName, certificate_request,
};
use x509_cert::request::CertReq;

use crate::judge::{Bench, key, rng};

/// Every field of the form, with all six kinds of name.
pub(crate) fn every_field() -> RequestParams {
    let unit = |text| OrganizationalUnitName::parse(text).unwrap();
    let subject = Subject {
        country: Some(CountryCode::parse("us").unwrap()),
        state: Some(StateName::parse("New York").unwrap()),
        locality: Some(LocalityName::parse("W. Henrietta").unwrap()),
        organization: Some(OrganizationName::parse("Zeit & Söhne").unwrap()),
        organizational_units: vec![unit("Time"), unit("R&D"), unit("Time")],
        common_name: CommonName::parse("ntp1.example.net").unwrap(),
        email: Some(EmailAddress::parse("time@example.net").unwrap()),
    };
    RequestParams {
        subject,
        names: every_kind_of_name(),
        san: SanExtension::Include,
        digest: Digest::Sha256,
        challenge_password: Some(ChallengePassword::parse("let me revoke").unwrap()),
        unstructured_name: Some(UnstructuredName::parse("Example Unit_7").unwrap()),
    }
}

pub(crate) fn every_kind_of_name() -> Vec<SubjectAltName> {
    use SubjectAltNameKind::{Dns, Email, Ip, RegisteredId, Uri};
    let name = |kind, text| SubjectAltName::parse(kind, text).unwrap();
    let directory = DirectoryName::parse("fr", "Exemple, SA", "Temps", "unité 7").unwrap();
    vec![
        name(Dns, "time.example.net"),
        name(Ip, "10.0.0.7"),
        name(Ip, "2001:db8::7"),
        name(Email, "noc@example.net"),
        name(Uri, "https://ntp1.example.net:8443/management?a=b"),
        name(RegisteredId, "1.3.6.1.4.1.18837.3"),
        SubjectAltName::Directory(directory),
    ]
}

fn request(params: &RequestParams) -> CertReq {
    certificate_request(&key(KeySpec::EcP256), params, &mut rng(2)).unwrap()
}

/// What OpenSSL shows of a request, when it is well signed.
#[track_caller]
fn shown(params: &RequestParams) -> String {
    let bench = Bench::new();
    bench.put("request.der", request(params).to_der().unwrap());
    let options = "-verify -noout -text -nameopt utf8,sep_comma_plus_space,esc_2253";
    let text = bench.openssl(&format!("req -inform DER -in request.der {options}"));
    assert!(
        text.contains("Certificate request self-signature verify OK"),
        "{text}"
    );
    text
}

fn only_a_common_name() -> RequestParams {
    RequestParams::new(Subject::new(CommonName::parse("ntp1.example.net").unwrap()))
}

#[test]
fn openssl_shows_every_field() {
    let text = shown(&every_field());
    for expected in [
        "        Version: 1 (0x0)\n",
        "        Subject: C=US, ST=New York, L=W. Henrietta, O=Zeit & Söhne, OU=Time, OU=R&D, \
         OU=Time, CN=ntp1.example.net, emailAddress=time@example.net\n",
        "            challengePassword        :let me revoke\n",
        "            unstructuredName         :Example Unit_7\n",
        "            Requested Extensions:\n\
         \x20               X509v3 Subject Alternative Name: \n\
         \x20                   DNS:ntp1.example.net, DNS:time.example.net, \
         IP Address:10.0.0.7, IP Address:2001:DB8:0:0:0:0:0:7, email:noc@example.net, \
         URI:https://ntp1.example.net:8443/management?a=b, \
         Registered ID:1.3.6.1.4.1.18837.3, \
         DirName:/C=FR/O=Exemple, SA/OU=Temps/CN=unit\\xC3\\xA9 7\n",
        "    Signature Algorithm: ecdsa-with-SHA256\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn gnutls_shows_every_field() {
    let bench = Bench::new();
    bench.put("request.der", request(&every_field()).to_der().unwrap());
    let text = bench.certtool("--crq-info --inder --infile request.der");
    for expected in [
        "Subject: EMAIL=time@example.net,CN=ntp1.example.net,OU=Time,OU=R&D,OU=Time,\
         O=Zeit & Söhne,L=W. Henrietta,ST=New York,C=US\n",
        "Signature Algorithm: ECDSA-SHA256\n",
        "Challenge password: let me revoke\n",
        "Unknown attribute 1.2.840.113549.1.9.2:\n",
        "Subject Alternative Name (not critical):\n",
        "DNSname: ntp1.example.net\n",
        "DNSname: time.example.net\n",
        "IPAddress: 10.0.0.7\n",
        "IPAddress: 2001:db8::7\n",
        "RFC822Name: noc@example.net\n",
        "URI: https://ntp1.example.net:8443/management?a=b\n",
        "Registered ID: 1.3.6.1.4.1.18837.3\n",
        "directoryName: CN=unité 7,OU=Temps,O=Exemple\\, SA,C=FR\n",
        "Self signature: verified\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn a_request_with_only_a_common_name_asks_for_that_name() {
    let text = shown(&only_a_common_name());
    assert!(
        text.contains("        Subject: CN=ntp1.example.net\n"),
        "{text}"
    );
    assert!(
        text.contains("                    DNS:ntp1.example.net\n"),
        "{text}"
    );
    assert!(
        !text.contains("challengePassword") && !text.contains("unstructuredName"),
        "{text}"
    );
}

#[test]
fn a_common_name_that_is_an_address_becomes_an_address_among_the_names() {
    for (typed, subject, name) in [
        ("10.0.0.7", "10.0.0.7", "IP Address:10.0.0.7"),
        (
            "[2001:DB8::7]",
            "2001:db8::7",
            "IP Address:2001:DB8:0:0:0:0:0:7",
        ),
    ] {
        let text = shown(&RequestParams::new(Subject::new(
            CommonName::parse(typed).unwrap(),
        )));
        assert!(
            text.contains(&format!("        Subject: CN={subject}\n")),
            "{text}"
        );
        assert!(
            text.contains(&format!("                    {name}\n")),
            "{text}"
        );
    }
}

#[test]
fn the_names_can_be_left_out() {
    let mut params = every_field();
    params.san = SanExtension::Omit;
    let text = shown(&params);
    assert!(!text.contains("Subject Alternative Name"), "{text}");
    assert!(text.contains("challengePassword"), "{text}");

    params = only_a_common_name();
    params.san = SanExtension::Omit;
    let text = shown(&params);
    assert!(text.contains("Attributes:\n            (none)\n"), "{text}");
}

#[test]
fn the_string_types_are_those_of_the_rfcs() {
    let bench = Bench::new();
    bench.put("request.der", request(&every_field()).to_der().unwrap());
    let text = bench.openssl("asn1parse -inform DER -in request.der");
    let lines: Vec<_> = text.lines().collect();
    let string_after = |object: &str| {
        let at = lines
            .iter()
            .position(|line| line.ends_with(object))
            .unwrap();
        let string = |line: &&&str| line.contains("STRING");
        lines[at..]
            .iter()
            .find(string)
            .unwrap()
            .split("prim: ")
            .last()
            .unwrap()
            .to_owned()
    };
    for (object, expected) in [
        (":countryName", "PRINTABLESTRING   :US"),
        (":stateOrProvinceName", "UTF8STRING        :New York"),
        (":localityName", "UTF8STRING        :W. Henrietta"),
        (":organizationName", "UTF8STRING        :Zeit & Söhne"),
        (":organizationalUnitName", "UTF8STRING        :Time"),
        (":commonName", "UTF8STRING        :ntp1.example.net"),
        (":emailAddress", "IA5STRING         :time@example.net"),
        (":challengePassword", "PRINTABLESTRING   :let me revoke"),
        (":unstructuredName", "IA5STRING         :Example Unit_7"),
    ] {
        assert_eq!(string_after(object), expected);
    }
}

#[test]
fn a_ca_whose_policy_compares_the_names_signs_the_request() {
    let bench = Bench::new();
    let names = "'/C=US/ST=New York/O=Zeit & Söhne/CN=Example CA'";
    let keys = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key";
    bench.openssl(&format!(
        "req -x509 {keys} -out ca.pem -utf8 -subj {names} -days 30"
    ));
    bench.put("index.txt", "");
    bench.put("serial", "01");
    bench.put("ca.cnf", CA_CONFIGURATION);
    bench.put("request.der", request(&every_field()).to_der().unwrap());
    bench.openssl("req -inform DER -in request.der -out request.pem");
    bench.openssl("ca -config ca.cnf -batch -notext -in request.pem -out certificate.pem");
    bench.openssl("verify -CAfile ca.pem -verify_hostname time.example.net certificate.pem");
    bench.openssl("verify -CAfile ca.pem -verify_ip 2001:db8::7 certificate.pem");
    let text = bench.openssl("x509 -in certificate.pem -noout -text");
    assert!(text.contains("Registered ID:1.3.6.1.4.1.18837.3"), "{text}");
}

/// The policy `policy_match` of OpenSSL's own example.
const CA_CONFIGURATION: &str = "
[ca]
default_ca = example
[example]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 10
policy = policy_match
copy_extensions = copy
[policy_match]
countryName = match
stateOrProvinceName = match
localityName = optional
organizationName = match
organizationalUnitName = optional
commonName = supplied
emailAddress = optional
";

#[test]
fn the_attributes_are_a_set_in_der() {
    // The order of a SET OF is that of the octets of its members (X.690 section
    // 11.6). The lengths decide first, so they are varied around each other.
    for password in [1, 2, 13, 14, 15, 60, 255] {
        for name in [1, 2, 12, 13, 14, 100, 255] {
            for san in [SanExtension::Include, SanExtension::Omit] {
                let mut params = only_a_common_name();
                params.san = san;
                params.challenge_password = ChallengePassword::parse(&"p".repeat(password)).ok();
                params.unstructured_name = UnstructuredName::parse(&"n".repeat(name)).ok();
                let attributes = request(&params).info.attributes;
                let encoded: Vec<_> = attributes.iter().map(|a| a.to_der().unwrap()).collect();
                assert_eq!(
                    encoded.len(),
                    if san == SanExtension::Include { 3 } else { 2 }
                );
                assert!(encoded.is_sorted(), "{password} {name} {san:?}");
            }
        }
    }
}

#[test]
fn a_request_is_der_that_is_read_back_the_same() {
    let made = request(&every_field());
    let der = made.to_der().unwrap();
    assert_eq!(CertReq::from_der(&der).unwrap(), made);
    // OpenSSL writes what it read, octet by octet.
    let bench = Bench::new();
    bench.put("request.der", &der);
    bench.openssl("req -inform DER -in request.der -outform DER -out again.der");
    assert_eq!(bench.read("again.der"), der);
}

#[test]
fn secrets_that_are_not_ascii_are_utf8() {
    let mut params = only_a_common_name();
    params.challenge_password = Some(ChallengePassword::parse("schlüssel").unwrap());
    params.unstructured_name = Some(UnstructuredName::parse("Zürich").unwrap());
    let values: Vec<Any> = request(&params)
        .info
        .attributes
        .iter()
        .map(|a| a.values.get(0).unwrap().clone())
        .collect();
    for text in ["schlüssel", "Zürich"] {
        let expected = Any::new(der::Tag::Utf8String, text.as_bytes()).unwrap();
        assert!(values.contains(&expected), "{text}");
    }
}

#[test]
fn the_largest_request_is_still_good() {
    let wide = |count| "語".repeat(count);
    let mut params = every_field();
    params.subject.state = StateName::parse(&wide(128)).ok();
    params.subject.locality = LocalityName::parse(&wide(128)).ok();
    params.subject.organization = OrganizationName::parse(&wide(64)).ok();
    let unit = OrganizationalUnitName::parse(&wide(64)).unwrap();
    params.subject.organizational_units = vec![unit; ORGANIZATIONAL_UNITS_MAX];
    params.challenge_password = ChallengePassword::parse(&wide(255)).ok();
    params.unstructured_name = UnstructuredName::parse(&wide(255)).ok();
    params.names = (0..NAMES_MAX)
        .map(|index| {
            let uri = format!("https://ntp1.example.net/{index}/{}", "a".repeat(2000));
            SubjectAltName::parse(SubjectAltNameKind::Uri, &uri).unwrap()
        })
        .collect();
    let text = shown(&params);
    assert_eq!(
        text.matches("URI:https://ntp1.example.net/").count(),
        NAMES_MAX
    );
}

#[test]
fn more_than_fits_is_refused() {
    let mut params = only_a_common_name();
    params.names = vec![every_kind_of_name().remove(0); NAMES_MAX + 1];
    let refused = certificate_request(&key(KeySpec::EcP256), &params, &mut rng(2)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "There are 65 names; at most 64 fit. Remove those that are not needed."
    );

    let mut params = only_a_common_name();
    let unit = OrganizationalUnitName::parse("Time").unwrap();
    params.subject.organizational_units = vec![unit; ORGANIZATIONAL_UNITS_MAX + 1];
    let refused = certificate_request(&key(KeySpec::EcP256), &params, &mut rng(2)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "There are 17 organizational units; at most 16 fit. Remove those that are not needed."
    );
}

#[test]
fn the_parameters_do_not_show_their_secret() {
    let shown = format!("{:?}", every_field());
    assert!(
        shown.contains("secret elided") && !shown.contains("let me revoke"),
        "{shown}"
    );
}

#[test]
fn the_names_are_what_other_crates_compare() {
    use x509_cert::ext::pkix::name::GeneralName;
    let names: Vec<_> = every_kind_of_name()
        .iter()
        .map(|name| GeneralName::try_from(name).unwrap())
        .collect();
    let address = GeneralName::from("10.0.0.7".parse::<IpAddr>().unwrap());
    assert!(names.contains(&address));
}
