//! Messages that two readers would take for different requests: each is refused, and
//! nothing more is taken from the connection.

use acceptance::{Connection, Unit};
use anyhow::{Result, ensure};

/// What is sent, as lines of a request for `/login`; `@` stands for the unit's
/// address. Where a line ends is part of what is tried.
const REFUSED: &[(&str, &str)] = &[
    (
        "both lengths, the first hidden in the second (CL.TE)",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 32\r\nTransfer-Encoding: chunked\r\n\r\n\
         0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    ),
    (
        "both lengths, the other way round (TE.CL)",
        "POST /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n\
         18\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked alone",
        "POST /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "a coding that only looks like chunked",
        "POST /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n\
         0\r\n\r\n",
    ),
    (
        "chunked twice",
        "POST /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\
         Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked on a folded line",
        "POST /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding:\r\n chunked\r\n\
         Content-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked with a blank before the colon",
        "POST /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding : chunked\r\n\
         Content-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked on a request without content",
        "GET /login HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked in HTTP/1.0",
        "POST /login HTTP/1.0\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "the same length twice",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    ),
    (
        "two lengths",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 0\r\nContent-Length: 26\r\n\r\n\
         GET /smuggled HTTP/1.1\r\n\r\n",
    ),
    (
        "two lengths in one field",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 0, 26\r\n\r\n\
         GET /smuggled HTTP/1.1\r\n\r\n",
    ),
    (
        "a length with a sign",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: +1\r\n\r\na",
    ),
    (
        "a length below nothing",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: -1\r\n\r\n",
    ),
    (
        "a length in hexadecimal",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 0x1\r\n\r\na",
    ),
    (
        "a length that no number holds",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 18446744073709551616\r\n\r\n",
    ),
    (
        "a folded length",
        "POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 1\r\n 0\r\n\r\n0123456789",
    ),
    (
        "a bare line feed after the request line",
        "GET /login HTTP/1.1\nHost: @\r\n\r\n",
    ),
    (
        "a bare line feed after a field",
        "GET /login HTTP/1.1\r\nHost: @\nA: b\r\n\r\n",
    ),
    (
        "a bare line feed as the last line",
        "GET /login HTTP/1.1\r\nHost: @\r\n\n",
    ),
    (
        "bare line feeds throughout",
        "GET /login HTTP/1.1\nHost: @\n\n",
    ),
    (
        "a bare carriage return",
        "GET /login HTTP/1.1\r\nHost: @\r\nA: b\rTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        "a folded field",
        "GET /login HTTP/1.1\r\nHost: @\r\nA: b\r\n c\r\n\r\n",
    ),
    (
        "a folded host",
        "GET /login HTTP/1.1\r\nHost:\r\n @\r\n\r\n",
    ),
    (
        "a field that begins with a blank",
        "GET /login HTTP/1.1\r\n Host: @\r\n\r\n",
    ),
    (
        "a blank before the colon",
        "GET /login HTTP/1.1\r\nHost : @\r\n\r\n",
    ),
    (
        "a field without a name",
        "GET /login HTTP/1.1\r\nHost: @\r\n: b\r\n\r\n",
    ),
    (
        "a field without a colon",
        "GET /login HTTP/1.1\r\nHost: @\r\nA\r\n\r\n",
    ),
    (
        "a NUL in a value",
        "GET /login HTTP/1.1\r\nHost: @\r\nA: b\0c\r\n\r\n",
    ),
    (
        "a NUL in a name",
        "GET /login HTTP/1.1\r\nHost: @\r\nA\0: b\r\n\r\n",
    ),
    (
        "a NUL in the address",
        "GET /log\0in HTTP/1.1\r\nHost: @\r\n\r\n",
    ),
    (
        "a letter of another script in a name",
        "GET /login HTTP/1.1\r\nHost: @\r\n\u{e4}: b\r\n\r\n",
    ),
    ("no host", "GET /login HTTP/1.1\r\n\r\n"),
    ("an empty host", "GET /login HTTP/1.1\r\nHost:\r\n\r\n"),
    (
        "two hosts",
        "GET /login HTTP/1.1\r\nHost: @\r\nHost: evil.example\r\n\r\n",
    ),
    (
        "the same host twice",
        "GET /login HTTP/1.1\r\nHost: @\r\nHost: @\r\n\r\n",
    ),
    (
        "an absolute address on another host",
        "GET https://evil.example/login HTTP/1.1\r\nHost: @\r\n\r\n",
    ),
    (
        "an absolute address with a name and password",
        "GET https://admin:x@@/login HTTP/1.1\r\nHost: @\r\n\r\n",
    ),
    ("a tunnel", "CONNECT @ HTTP/1.1\r\nHost: @\r\n\r\n"),
    ("HTTP/0.9", "GET /login\r\n\r\n"),
    (
        "HTTP/2 without its handshake",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ),
    (
        "a version to come",
        "GET /login HTTP/1.2\r\nHost: @\r\n\r\n",
    ),
    (
        "a version in small letters",
        "GET /login http/1.1\r\nHost: @\r\n\r\n",
    ),
    (
        "two blanks in the request line",
        "GET  /login HTTP/1.1\r\nHost: @\r\n\r\n",
    ),
    (
        "a blank before the request line",
        " GET /login HTTP/1.1\r\nHost: @\r\n\r\n",
    ),
    (
        "a blank in the address",
        "GET /login /x HTTP/1.1\r\nHost: @\r\n\r\n",
    ),
    (
        "TLS within TLS",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n",
    ),
];

/// A request that is in order, whose answer would show that something got through.
const NEXT: &str = "GET /smuggled HTTP/1.1\r\nHost: @\r\n\r\n";

#[test]
fn every_message_with_two_readings_is_refused_and_ends_the_connection() -> Result<()> {
    let unit = Unit::start()?;
    let mut wrong = Vec::new();
    for (name, sent) in REFUSED {
        let answers = answers(&unit, &format!("{sent}{NEXT}"))?;
        if answers != [400] {
            wrong.push(format!("{name}: {answers:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    // The same, after a request that was in order on the same connection.
    let first = "GET /static/icon.svg HTTP/1.1\r\nHost: @\r\n\r\n";
    for (name, sent) in REFUSED {
        let answers = answers(&unit, &format!("{first}{sent}{NEXT}"))?;
        if answers != [200, 400] {
            wrong.push(format!("{name}, as the second request: {answers:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    Ok(())
}

#[test]
fn what_is_too_long_is_refused_and_ends_the_connection() -> Result<()> {
    let unit = Unit::start()?;
    let long = "a".repeat(20_000);
    let fields: String = (0..70).map(|number| format!("X-{number}: y\r\n")).collect();
    let wide: String = (0..20)
        .map(|number| format!("X-{number}: {}\r\n", "y".repeat(1000)))
        .collect();
    for (name, sent, status) in [
        (
            "an address",
            format!("GET /{long} HTTP/1.1\r\nHost: @\r\n\r\n"),
            431,
        ),
        (
            "a field",
            format!("GET /login HTTP/1.1\r\nHost: @\r\nX: {long}\r\n\r\n"),
            431,
        ),
        (
            "a name",
            format!("GET /login HTTP/1.1\r\nHost: @\r\n{long}: x\r\n\r\n"),
            431,
        ),
        (
            "many fields",
            format!("GET /login HTTP/1.1\r\nHost: @\r\n{fields}\r\n"),
            431,
        ),
        (
            "large fields",
            format!("GET /login HTTP/1.1\r\nHost: @\r\n{wide}\r\n"),
            431,
        ),
        (
            "a body",
            format!("POST /login HTTP/1.1\r\nHost: @\r\nContent-Length: 20000\r\n\r\n{long}"),
            413,
        ),
    ] {
        let answers = answers(&unit, &format!("{sent}{NEXT}"))?;
        ensure!(answers == [status], "{name}: {answers:?}");
    }
    Ok(())
}

#[test]
fn what_has_one_reading_is_answered_however_unusual_it_is() -> Result<()> {
    let unit = Unit::start()?;
    for (name, sent, expected) in [
        (
            "an absolute address",
            "GET https://@/login HTTP/1.1\r\nHost: @\r\n\r\n",
            &[200, 303][..],
        ),
        (
            "an empty line before",
            "\r\nGET /login HTTP/1.1\r\nHost: @\r\n\r\n",
            &[200, 303],
        ),
        (
            "blanks around a value",
            "GET /login HTTP/1.1\r\nHost:\t @ \t\r\n\r\n",
            &[200, 303],
        ),
        (
            "a body where none is looked for",
            "GET /login HTTP/1.1\r\nHost: @\r\nContent-Length: 26\r\n\r\n\
             GET /smuggled HTTP/1.1\r\n\r\n",
            &[200, 303],
        ),
        ("HTTP/1.0", "GET /login HTTP/1.0\r\nHost: @\r\n\r\n", &[200]),
    ] {
        let next = "GET / HTTP/1.1\r\nHost: @\r\nConnection: close\r\n\r\n";
        let answers = answers(&unit, &format!("{sent}{next}"))?;
        ensure!(answers == expected, "{name}: {answers:?}");
    }
    Ok(())
}

#[test]
fn a_connection_takes_a_hundred_requests_and_says_so_with_the_last() -> Result<()> {
    let unit = Unit::start()?;
    let mut connection = Connection::open(unit.address)?;
    let request = format!("{}\r\n", unit.browser().head("GET", "/static/icon.svg"));
    for number in 1..=100 {
        connection.send(request.as_bytes())?;
        let answer = connection.answer()?;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("connection") == Some("close"),
            number == 100,
            "{number}"
        );
    }
    connection.expect_clean_end()
}

/// The statuses of all answers on one connection, which the unit has to end.
fn answers(unit: &Unit, sent: &str) -> Result<Vec<u16>> {
    let mut connection = Connection::open(unit.address)?;
    connection.send(sent.replace('@', &unit.address.to_string()).as_bytes())?;
    let came = String::from_utf8_lossy(&connection.until_end()?).into_owned();
    // An answer may begin in the middle of a line, for a page need not end with one.
    let answers = came.split("HTTP/1.").skip(1);
    let statuses = answers.filter_map(|answer| answer.split(' ').nth(1)?.parse().ok());
    Ok(statuses.collect())
}
