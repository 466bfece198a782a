//! The example `appliance`, driven from outside with OpenSSL as the CA.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The printer while it runs; it is switched off on drop.
struct Printer {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Such as `127.0.0.1:40123`.
    address: String,
}

impl Printer {
    fn start(state: &Path) -> Self {
        let tests = std::env::current_exe().expect("this test has a path");
        let target = tests.ancestors().nth(2).expect("target/debug/deps");
        // One that does not say what is waited for is not waited for without end; without
        // its input, it ends too.
        let mut process = Command::new("timeout")
            .arg("120")
            .arg(target.join("examples/appliance"))
            .arg(state)
            .arg("0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the example was built with the tests");
        let stdin = process.stdin.take().expect("piped");
        let stdout = BufReader::new(process.stdout.take().expect("piped"));
        let mut printer = Self {
            process,
            stdin,
            stdout,
            address: String::new(),
        };
        let greeting = printer.line();
        let (_, rest) = greeting.split_once("https://").expect("an address");
        printer.address = rest.split('/').next().expect("an address").to_owned();
        printer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it runs");
        line
    }

    /// Types `command`; what is said from then on, to the line that has `until` in it.
    fn says(&mut self, command: &str, until: &str) -> String {
        writeln!(self.stdin, "{command}").expect("it runs");
        let mut said = String::new();
        while !said.contains(until) {
            let line = self.line();
            assert!(!line.is_empty(), "it ended after {said}");
            said += &line;
        }
        said
    }

    /// What a client that trusts `roots` alone sees.
    fn page(&self, roots: &Path) -> String {
        openssl(&[
            "s_client",
            "-quiet",
            "-verify_return_error",
            "-connect",
            &self.address,
            "-verify_ip",
            "127.0.0.1",
            "-CAfile",
            &roots.display().to_string(),
        ])
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        // What is killed is `timeout`, which cannot end the printer then: it would keep its
        // store from the next.
        let _ended = writeln!(self.stdin, "quit");
        let _ended = self.process.wait();
    }
}

/// What the `openssl` command prints, which is handed one request.
fn openssl(arguments: &[&str]) -> String {
    let mut process = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    let mut stdin = process.stdin.take().expect("piped");
    // It may have ended, where it trusts nothing of what it was sent.
    let _sent = stdin.write_all(b"GET / HTTP/1.1\r\n\r\n");
    let output = process.wait_with_output().expect("openssl ends");
    drop(stdin);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_printer_gets_a_certificate_serves_it_after_a_restart_and_is_reset() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let path = |name: &str| file(name).display().to_string();
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=Example CA",
        "-keyout",
        &path("ca.key"),
        "-out",
        &path("ca.pem"),
    ]);

    let mut printer = Printer::start(&file("state"));
    assert_eq!(printer.page(&file("ca.pem")), "");
    let refused = printer.says("request *.example.net", "\n");
    assert!(refused.contains("wildcard"), "{refused}");
    let request = printer.says("request 127.0.0.1", "-----END CERTIFICATE REQUEST-----");
    std::fs::write(file("request.pem"), request).expect("written");
    openssl(&[
        "x509",
        "-req",
        "-days",
        "30",
        "-copy_extensions",
        "copy",
        "-in",
        &path("request.pem"),
        "-CA",
        &path("ca.pem"),
        "-CAkey",
        &path("ca.key"),
        "-out",
        &path("answer.pem"),
    ]);

    let refused = printer.says(&format!("import {}", path("ca.pem")), "CA certificate");
    assert!(!refused.contains("From now on"), "{refused}");
    printer.says(
        &format!("import {}", path("answer.pem")),
        "From now on serves",
    );
    assert!(printer.page(&file("ca.pem")).ends_with(".\n"));

    drop(printer);
    let mut printer = Printer::start(&file("state"));
    assert!(printer.page(&file("ca.pem")).contains("I print."));
    printer.says("reset", "From now on serves");
    assert_eq!(printer.page(&file("ca.pem")), "");
    printer.says("previous", "From now on serves");
    assert!(printer.page(&file("ca.pem")).contains("I print."));
}
