//! Uploads that ask the judge for as much work, or memory, as any that are known.

use super::maker::{CA, Key, LEAF, Made, Maker, Spec, with, without};

/// An upload for the unit's key: the first certificate is its own.
pub(crate) struct Heavy {
    pub(crate) name: String,
    pub(crate) presented: Vec<Made>,
}

impl Heavy {
    pub(crate) fn new(name: impl Into<String>, presented: Vec<Made>) -> Self {
        let name = name.into();
        Self { name, presented }
    }
}

/// Certificates with extensions and names as long as they can be.
pub(crate) fn lists(maker: &Maker) -> Vec<Heavy> {
    let key = maker.key("P-256");
    let alone = |extension: &str, entry: &[u8], count: usize| {
        let list = sequence(&entry.repeat(count));
        let extensions = with(LEAF, &format!("{extension}=DER:{}", hex(&list)));
        vec![maker.make(&Spec {
            extensions: &extensions,
            ..Spec::self_signed(&key)
        })]
    };
    let subtrees = sequence(&[0x82, 1, b'a']).repeat(25_000);
    vec![
        Heavy::new("names", alone("subjectAltName", &[0x82, 1, b'a'], 50_000)),
        Heavy::new(
            "no names",
            alone("subjectAltName", &[0x82, 1, b' '], 50_000),
        ),
        Heavy::new(
            "usages",
            alone("extendedKeyUsage", &[0x06, 1, 0x2A], 50_000),
        ),
        Heavy::new(
            "constraints",
            alone("nameConstraints", &tagged(0xA0, &subtrees), 1),
        ),
        Heavy::new("critical extensions", critical_extensions(maker, &key)),
        Heavy::new("long subjects", long_subjects(maker, &key)),
        Heavy::new("constraints by names", constrained(maker, &key, 300, 300)),
        Heavy::new("names in a mesh", mesh(maker, &key)),
    ]
}

/// A leaf with many names under a CA with many constraints, and 29 roots of one key above it:
/// 29 chains in which the same is compared.
fn constrained(maker: &Maker, key: &Key, names: usize, constraints: usize) -> Vec<Made> {
    let list = |section: &str, kind: &str, count: usize| {
        let lines: String = (0..count)
            .map(|number| format!("{kind}DNS.{number}=h{number}.{section}.example.net\n"))
            .collect();
        format!("\n[{section}]\n{lines}")
    };
    let (root_key, issuer_key) = (maker.key("P-256"), maker.key("P-256"));
    let serials: Vec<String> = (1..30).map(|serial: u32| serial.to_string()).collect();
    let roots = serials.iter().map(|serial| {
        maker.make(&Spec {
            serial,
            ..Spec::ca("/CN=Example Root", &root_key, None)
        })
    });
    let roots: Vec<Made> = roots.collect();
    let extensions = with(CA, "nameConstraints=critical,@constraints")
        + &list("constraints", "excluded;", constraints);
    let issuer = maker.make(&Spec {
        extensions: &extensions,
        ..Spec::ca("/CN=Constrained", &issuer_key, roots.first())
    });
    let extensions = with(LEAF, "subjectAltName=@names") + &list("names", "", names);
    let leaf = maker.make(&Spec {
        extensions: &extensions,
        ..Spec::leaf(key, &issuer)
    });
    [vec![leaf, issuer], roots].concat()
}

/// A leaf with very many names, and above it two certificates of each CA, all with a constraint:
/// as many chains as there are ways to choose.
fn mesh(maker: &Maker, key: &Key) -> Vec<Made> {
    let names = sequence(&[0x82, 1, b'a'].repeat(15_000));
    let leaf = with(LEAF, &format!("subjectAltName=DER:{}", hex(&names)));
    let ca = with(CA, "nameConstraints=critical,permitted;DNS:example.net");
    let mut cas: Vec<Made> = Vec::new();
    for height in (0..9).rev() {
        let (name, key) = (format!("/CN=CA {height}"), maker.key("P-256"));
        let issuer = cas.last().cloned();
        cas.extend(["1", "2"].map(|serial| {
            maker.make(&Spec {
                serial,
                extensions: &ca,
                ..Spec::ca(&name, &key, issuer.as_ref())
            })
        }));
    }
    let leaf = maker.make(&Spec {
        extensions: &leaf,
        ..Spec::leaf(key, cas.last().unwrap())
    });
    [vec![leaf], cas].concat()
}

fn critical_extensions(maker: &Maker, key: &Key) -> Vec<Made> {
    let unknown: String = (0..2_000)
        .map(|number| format!("1.2.3.{number}=critical,DER:05:00\n"))
        .collect();
    vec![maker.make(&Spec {
        extensions: &format!("{LEAF}{unknown}"),
        ..Spec::self_signed(key)
    })]
}

/// Names that are unlike in their last character only, of certificates that all could have issued
/// each other for all that the length of the names says.
fn long_subjects(maker: &Maker, key: &Key) -> Vec<Made> {
    let extensions = without(CA, "authorityKeyIdentifier");
    let subjects = (0..30).map(|number| format!("/description={}{number}", "y ".repeat(4_000)));
    let leaf = maker.make(&Spec::self_signed(key));
    let others = subjects.map(|subject| {
        maker.make(&Spec {
            extensions: &extensions,
            ..Spec::ca(&subject, key, None)
        })
    });
    [leaf].into_iter().chain(others).collect()
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tagged(0x30, content)
}

/// One element, its length in as few octets as DER wants.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let len: Vec<u8> = len.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut element = vec![tag];
    match len.as_slice() {
        [] => element.push(0),
        [short @ ..=0x7F] => element.push(*short),
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap());
            element.extend(long);
        }
    }
    element.extend(content);
    element
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
