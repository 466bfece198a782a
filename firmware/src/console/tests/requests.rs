//! Requests, by questions and by fields.

use super::*;

#[tokio::test]
async fn a_request_is_made_by_questions_that_check_each_answer() {
    let mut typist = Typist::new().await;
    let (_, said) = typist.types("request new");
    assert!(
        joined(&said).contains("Enter keeps what stands in brackets"),
        "{said}"
    );
    for (prompt, answer, said) in [
        (
            "Common Name (e.g. Hostname or IP): ",
            "*.example.net",
            "is a wildcard",
        ),
        (
            "Common Name (e.g. Hostname or IP): ",
            "ntp1.example.net",
            "",
        ),
        (
            "One more Subject Alternative Name [no more]: ",
            "IP:10.0.0.300",
            "not an IP",
        ),
        (
            "One more Subject Alternative Name [no more]: ",
            "10.0.0.7",
            "IP:10.0.0.7",
        ),
        ("One more Subject Alternative Name [no more]: ", "", ""),
        (
            "Two Letter Country Code (ISO 3166-1): ",
            "Atlantis",
            "is not a country code",
        ),
        ("Two Letter Country Code (ISO 3166-1): ", "FR", ""),
        ("State Or Province Name: ", "", ""),
        ("Locality Name: ", "", ""),
        ("Organization Name: ", "Example Ltd", ""),
        ("Organizational Unit Name: ", "Time", ""),
        ("One more Organizational Unit Name [no more]: ", "", ""),
        ("Email Address: ", "", ""),
        (
            "Private Key Type (RSA, EC P-256, EC P-384) [RSA]: ",
            "DSA",
            "no type of key",
        ),
        (
            "Private Key Type (RSA, EC P-256, EC P-384) [RSA]: ",
            "ec p-256",
            "",
        ),
        (
            "Signature Algorithm (SHA-256, SHA-384, SHA-512, SHA-1, MD5) [SHA-256]: ",
            "MD5",
            "MD5",
        ),
        (
            "Signature Algorithm (SHA-256, SHA-384, SHA-512, SHA-1, MD5) [SHA-256]: ",
            "",
            "",
        ),
        (
            "Also serve a self-signed certificate at once? yes or no [no]: ",
            "perhaps",
            "yes or no",
        ),
        (
            "Also serve a self-signed certificate at once? yes or no [no]: ",
            "",
            "",
        ),
        (
            "Challenge password, optional organization name, pass phrase? yes or no [no]: ",
            "yes",
            "",
        ),
        ("Challenge Password: ", "secret-of-the-ca", ""),
        ("Optional Organization Name: ", "", ""),
    ] {
        assert_eq!(typist.dialogue.prompt(), prompt);
        assert!(typist.dialogue.asks());
        assert_eq!(
            typist.dialogue.hides(),
            prompt.contains("Challenge Password")
        );
        check_says(&typist.types(answer), 0, said);
    }
    let (code, made) = typist.types("");
    assert_eq!(code, 0, "{made}");
    assert!(
        made.contains("-----BEGIN CERTIFICATE REQUEST-----"),
        "{made}"
    );
    assert!(!made.contains("secret-of-the-ca"), "{made}");
    assert!(!typist.dialogue.asks() && !typist.dialogue.busy());
    let request = typist
        .browser
        .unit()
        .requests()
        .expect("requests")
        .remove(0);
    assert_eq!(
        request.subject,
        "CN=ntp1.example.net,OU=Time,O=Example Ltd,C=FR"
    );
    assert_eq!(request.names, ["DNS: ntp1.example.net", "IP: 10.0.0.7"]);
    assert_eq!(request.public_key, "EC P-256");
    check_says(
        &typist.types("request show"),
        0,
        "Organization Name Example Ltd",
    );
    // The next one is proposed as this one was.
    typist.types("request new");
    assert!(typist.dialogue.prompt().ends_with("[ntp1.example.net]: "));
    assert_eq!(typist.dialogue.interrupt().code, 3);
    assert_eq!(typist.dialogue.prompt(), "countersign> ");
}

#[tokio::test]
async fn a_request_is_made_by_fields_with_all_that_is_wrong_said_at_once() {
    let mut typist = Typist::new().await;
    let wrong = typist.types("request new cn=*.example.net c=Atlantis bits=2047");
    for said in [
        "is a wildcard",
        "is not a country code",
        "2047",
        "Nothing was made.",
    ] {
        check_says(&wrong, 1, said);
    }
    let made = typist.types(
        "request new cn=ntp1.example.net c=FR ou=Time ou=\"Tide s\" name=DNS:ntp1 name=10.0.0.7 \
         key=\"EC P-384\" st= pass_phrase=?",
    );
    assert_eq!(made, (0, String::new()));
    assert!(typist.dialogue.hides());
    assert_eq!(typist.dialogue.prompt(), "Private Key Pass Phrase: ");
    let (code, text) = typist.types("a phrase of mine");
    assert_eq!(code, 0, "{text}");
    let request = typist
        .browser
        .unit()
        .requests()
        .expect("requests")
        .remove(0);
    assert_eq!(request.public_key, "EC P-384");
    assert_eq!(
        request.names,
        ["DNS: ntp1.example.net", "DNS: ntp1", "IP: 10.0.0.7"]
    );
    let units = request.fields.iter();
    let units = units.filter(|(field, _)| field == "Organizational Unit Name");
    assert_eq!(units.count(), 2);

    let (code, json) = typist.types("request new cn=ntp2.example.net -s --json");
    assert_eq!(code, 0, "{json}");
    let made: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let serving = typist.browser.unit().status().expect("status").serving;
    assert_eq!(made["serving"], serving.certificate.sha256);
    assert_eq!(made["request"]["common_name"], "ntp2.example.net");
}

#[tokio::test]
async fn requests_are_named_by_number_or_key_and_deleted_after_a_question() {
    let mut typist = Typist::new().await;
    check_says(&typist.types("request export"), 1, "There is no request.");
    for name in ["ntp1", "ntp2"] {
        typist.types(&format!("request new cn={name} key=\"EC P-256\""));
    }
    let requests = typist.browser.unit().requests().expect("requests");
    let key = requests[1].key.fingerprint();
    let (_, by_number) = typist.types("request export 1");
    let (_, by_key) = typist.types(&format!("request export {}", &key[..8]));
    assert_eq!(by_number, requests[1].pem);
    assert_eq!(by_key, requests[1].pem);
    check_says(&typist.types("request show 3"), 1, "names no request");
    check_says(&typist.types("request delete 2"), 0, "go for good");
    check_says(&typist.types("no"), 3, "Nothing was changed.");
    check_says(
        &typist.types_all("request delete 2\nperhaps"),
        0,
        "Type yes or no.",
    );
    check_says(&typist.types(""), 3, "Nothing was changed.");
    check_says(&typist.types_all("request delete 1\nyes"), 0, "are gone");
    // The other keeps its number, and nobody gets the one that is gone.
    check_says(&typist.types("request delete 1 -f"), 1, "names no request");
    check_says(&typist.types("request list"), 0, "2 ntp2");
    typist.types("request new cn=ntp3 key=\"EC P-256\"");
    check_says(&typist.types("request list"), 0, "3 ntp3");
    check_says(&typist.types("request delete 2 -f"), 0, "are gone");
    check_says(&typist.types("request delete 3 -f"), 0, "are gone");
    check_says(&typist.types("request list"), 0, "There is no request.");
    let app = typist.browser.app();
    typist.types("request new cn=ntp1 key=\"EC P-256\"");
    let actor = crate::web::tests::ca::actor();
    let alone = Dialogue::one(app, actor, "request delete 4");
    check_says(
        &(alone.code, alone.text.to_string()),
        3,
        "Nobody answered \"Delete it?",
    );
}

#[tokio::test]
async fn while_a_key_is_made_others_are_answered_and_ctrl_c_ends_it() {
    let mut typist = Typist::new().await;
    let begun = typist.dialogue.line("request new cn=ntp1 bits=4096");
    assert_eq!((begun.code, begun.text.as_str()), (0, ""));
    assert!(typist.dialogue.busy());
    let mut other = dialogue(&typist.browser.app(), Via::Console);
    let said = other.line("request making");
    assert!(
        said.text.contains("A key of RSA 4096 is being made"),
        "{}",
        *said.text
    );
    assert_eq!(other.line("version").code, 0);
    let refused = other.line("request new cn=ntp2");
    check_says(
        &(refused.code, refused.text.to_string()),
        1,
        "A key is being made",
    );
    let cancelled = typist.dialogue.interrupt();
    check_says(
        &(cancelled.code, cancelled.text.to_string()),
        3,
        "was cancelled",
    );
    assert!(!typist.dialogue.busy());
    check_says(&typist.types("request making"), 0, "No key is being made.");

    // Somebody who goes away gives it up as well.
    typist.dialogue.line("request new cn=ntp1 bits=4096");
    typist.dialogue = dialogue(&typist.browser.app(), Via::Console);
    while typist.types("request making").1 != "No key is being made.\n" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    check_says(&typist.types("request list"), 0, "There is no request.");
}

#[tokio::test]
async fn the_names_of_the_next_request_are_added_and_deleted() {
    let mut typist = Typist::new().await;
    typist.types("names delete all");
    let added = "names add ntp1.example.net 10.0.0.7 \"dirName:C=FR, CN=ntp1\"";
    check_says(&typist.types(added), 0, "3 dirName C=FR, CN=ntp1");
    check_says(
        &typist.types("names add ntp2 IP:x"),
        1,
        "Nothing was changed.",
    );
    check_says(
        &typist.types("names delete 4"),
        1,
        "no name with the number",
    );
    typist.types("names delete 1");
    let (_, made) = typist.types("request new cn=ntp3 key=\"EC P-256\"");
    assert!(made.contains("BEGIN CERTIFICATE REQUEST"), "{made}");
    let request = typist
        .browser
        .unit()
        .requests()
        .expect("requests")
        .remove(0);
    assert_eq!(
        request.names,
        ["DNS: ntp3", "IP: 10.0.0.7", "dirName: CN=ntp1,C=FR"]
    );
}

#[tokio::test]
async fn what_the_unit_is_reached_by_and_nobody_asks_for_is_proposed() {
    let mut typist = Typist::new().await;
    typist.types("services set names ntp7.example.net, ntp8.example.net");
    typist.types("names delete all");
    typist.types("names add ntp8.example.net");
    let listed = typist.types("names");
    check_says(&listed, 0, "type: names add ntp7.example.net");
    assert!(!joined(&listed.1).contains("add ntp8"), "{}", listed.1);
    let (_, json) = typist.types("names --json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let missing = json["missing"].as_array().expect("names");
    assert!(missing.contains(&"ntp7.example.net".into()), "{json}");
    assert_eq!(json["names"][0]["value"], "ntp8.example.net");
    let asked = typist.types_all("request new\nntp1.example.net");
    check_says(&asked, 0, "also reached as ntp7.example.net");
}

#[tokio::test]
async fn a_line_that_is_refused_leaves_the_next_request_as_it_was_proposed() {
    let mut typist = Typist::new().await;
    typist.types("names add kept.example.net");
    let before = typist.types("names");
    check_says(
        &typist.types("request new name=DNS:other.example.net ou=Lost bogus=1"),
        2,
        "\"bogus\" is no field.",
    );
    check_says(
        &typist.types("request new cn=ntp1.example.net ou=Lost key=DSA days=abc"),
        1,
        "Nothing was made.",
    );
    assert_eq!(typist.types("names"), before);
    let made = typist.types("request new cn=ntp1.example.net key=\"EC P-256\" omit_names=yes");
    check_says(&made, 0, "were made");
    check_says(&made, 0, "Common Name ntp1.example.net");
    let shown = typist.types("request show");
    check_says(&shown, 0, "names key");
    assert!(!shown.1.contains("Lost"), "{}", shown.1);
    typist.types("request new cn=ntp2.example.net key=\"EC P-256\"");
    check_says(&typist.types("request show"), 0, "DNS: kept.example.net");
}

#[tokio::test]
async fn a_name_is_taken_by_what_it_looks_like_or_by_its_type() {
    let mut typist = Typist::new().await;
    let added =
        typist.types("names add me@example.net https://ntp1.example.net/ 10.0.0.7 RID:1.3.6");
    for row in [
        "email me@example.net",
        "URI https://ntp1",
        "IP 10.0.0.7",
        "RID 1.3.6",
    ] {
        check_says(&added, 0, row);
    }
    check_says(
        &typist.types("names add ntp1.example.net:443"),
        1,
        "Leave out the colon",
    );
    check_says(
        &typist.types("names add FOO:bar"),
        1,
        "\"FOO\" is not a type of name. Choose DNS, IP, email, URI, RID or dirName.",
    );
}

#[tokio::test]
async fn what_gives_way_to_a_request_is_told() {
    let mut typist = Typist::new().await;
    let make = |typist: &mut Typist, name: &str| {
        typist.types(&format!("request new cn={name} key=\"EC P-256\""))
    };
    make(&mut typist, "first.example.net");
    for _ in 1..cert_lifecycle::REQUESTS_MAX {
        let made = make(&mut typist, "ntp1.example.net");
        assert!(!made.1.contains("gave way"), "{}", made.1);
    }
    check_says(
        &typist.types("request new"),
        0,
        "request 1 for \"first.example.net\" and its key give way to this one",
    );
    typist.dialogue.interrupt();
    check_says(
        &make(&mut typist, "ntp1.example.net"),
        0,
        "Request 1 for \"first.example.net\" and its key gave way: the unit keeps 16.",
    );
}

#[tokio::test]
async fn a_secret_is_taken_as_it_is_typed() {
    let mut typist = Typist::new().await;
    typist.types("request new");
    while typist.dialogue.asks() {
        let prompt = typist.dialogue.prompt();
        typist.types(match &*prompt {
            _ if prompt.starts_with("Common Name") => "ntp1.example.net",
            _ if prompt.starts_with("Private Key Type") => "EC P-256",
            _ if prompt.starts_with("Challenge Password") => " - ",
            _ if prompt.contains("self-signed") => "no",
            _ if prompt.contains("yes") => "yes",
            _ => "",
        });
    }
    let (_, request) = typist.types("request export");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), request).expect("written");
    let asked = std::process::Command::new("openssl")
        .args(["req", "-noout", "-text", "-in"])
        .arg(file.path())
        .output()
        .expect("openssl is installed");
    let asked = String::from_utf8_lossy(&asked.stdout);
    assert!(asked.contains(": - \n"), "{asked}");
}
