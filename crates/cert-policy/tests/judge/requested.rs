//! The names that a certificate request asks for, on requests made with OpenSSL.

use crate::support::World;
use cert_policy::requested_names;
use der::Decode as _;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::CertReq;

/// The names in a request whose extensions are these, as `openssl req -addext` takes them.
fn requested(extensions: &[&str]) -> Vec<GeneralName> {
    let world = World::shared();
    let der = world.maker.request(&world.key, extensions);
    requested_names(&CertReq::from_der(&der).unwrap())
}

#[test]
fn names_of_all_types_are_found_in_their_order() {
    let names = requested(&[
        "basicConstraints=critical,CA:FALSE",
        "subjectAltName=DNS:ntp1.example.net,IP:192.0.2.7,IP:2001:db8::7,email:time@example.net,\
         URI:https://ntp1.example.net/,RID:1.3.6.1.4.1.18837",
        "keyUsage=critical,digitalSignature",
    ]);
    let [dns, v4, v6, email, uri, rid] = &names[..] else {
        panic!("{names:?}");
    };
    assert!(matches!(dns, GeneralName::DnsName(name) if name.as_str() == "ntp1.example.net"));
    assert!(matches!(v4, GeneralName::IpAddress(octets) if octets.as_bytes() == [192, 0, 2, 7]));
    assert!(matches!(v6, GeneralName::IpAddress(octets) if octets.as_bytes().len() == 16));
    assert!(matches!(email, GeneralName::Rfc822Name(name) if name.as_str() == "time@example.net"));
    assert!(matches!(
        uri,
        GeneralName::UniformResourceIdentifier(uri) if uri.as_str() == "https://ntp1.example.net/"
    ));
    assert!(
        matches!(rid, GeneralName::RegisteredId(oid) if oid.to_string() == "1.3.6.1.4.1.18837")
    );
}

#[test]
fn a_request_without_names_asks_for_none() {
    assert_eq!(requested(&[]), []);
    assert_eq!(requested(&["keyUsage=critical,digitalSignature"]), []);
}

#[test]
fn names_that_cannot_be_decoded_are_left_out() {
    // An OCTET STRING where a sequence of names is due, and a name of no type that there is.
    for value in ["DER:04:00", "DER:30:02:8f:00"] {
        assert_eq!(requested(&[&format!("subjectAltName={value}")]), []);
    }
}
