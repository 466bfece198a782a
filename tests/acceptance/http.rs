//! HTTP without TLS: it leads to HTTPS.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use acceptance::Unit;
use anyhow::Result;

/// What is answered to this request, in full.
fn answer(address: SocketAddr, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn get(address: SocketAddr, host: &str, path: &str) -> Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    answer(address, &request)
}

#[test]
fn http_leads_to_https_under_the_name_that_the_browser_used() -> Result<()> {
    let unit = Unit::start_with(&["--http", "127.0.0.1:0"])?;
    let address = unit.listens("HTTP")?;
    let port = unit.address.port();
    for (host, path, to) in [
        ("127.0.0.1", "/", format!("https://127.0.0.1:{port}/")),
        (
            "Spectracom:80",
            "/login",
            format!("https://Spectracom:{port}/login"),
        ),
        ("[::1]:80", "/a?b=c", format!("https://[::1]:{port}/a?b=c")),
        // What an absolute target names is never another host.
        (
            "127.0.0.1",
            "//evil.example/",
            format!("https://127.0.0.1:{port}//evil.example/"),
        ),
    ] {
        let answer = get(address, host, path)?;
        assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
        assert!(
            answer.contains(&format!("location: {to}\r\n")),
            "{to}: {answer}"
        );
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
    // A name that another site may have had resolve to the unit.
    let answer = get(address, "evil.example", "/")?;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    assert!(!answer.contains("location:"), "{answer}");
    Ok(())
}

#[test]
fn how_to_trust_the_unit_is_shown_without_tls_and_nothing_is_taken() -> Result<()> {
    let unit = Unit::start_with(&["--http", "127.0.0.1:0"])?;
    let address = unit.listens("HTTP")?;
    for path in ["/help/trust", "/help/trust/cert.pem", "/static/style.css"] {
        let answer = get(address, "127.0.0.1", path)?;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    let fingerprint = get(address, "127.0.0.1", "/help/trust")?;
    assert!(
        fingerprint.contains(&unit.printed_fingerprint),
        "{fingerprint}"
    );

    let form = "name=admin&password=acceptance-password-4711";
    let posted = answer(
        address,
        &format!(
            "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
            form.len()
        ),
    )?;
    assert!(posted.starts_with("HTTP/1.1 405 "), "{posted}");
    assert!(
        posted.contains("https://") && !posted.contains("set-cookie"),
        "{posted}"
    );
    let journal = unit.console("journal")?.text();
    assert!(!journal.contains("sign-in"), "{journal}");
    Ok(())
}

#[test]
fn an_address_that_is_taken_does_not_stop_the_unit_and_is_shown() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let unit = Unit::start_with(&["--http", &address])?;
    unit.logs("HTTP cannot listen on ")?;
    let list = unit.console("services")?.text();
    let list: Vec<&str> = list.split_whitespace().collect();
    assert!(list.join(" ").contains("HTTP cannot listen on"), "{list:?}");
    // It is had as soon as it is free.
    drop(taken);
    assert_eq!(unit.listens("HTTP")?.to_string(), address);
    Ok(())
}
