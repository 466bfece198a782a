//! A unit without a browser: everything over `countersign console`.

use std::thread;

use acceptance::terminal::PROMPT;
use acceptance::{Authority, Encoding, Terminal, Tool, Unit, foreign_request, judge};
use anyhow::{Context as _, Result};

use crate::consoles;

/// Leads `countersign console` on a terminal (a pty): waits for each text, then types.
const ON_A_TERMINAL: &str = r#"
import os, pty, select, sys, time
program, state, dialogue = sys.argv[1], sys.argv[2], sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program, "console", "--state", state])
seen, ends = b"", time.time() + 50
for expected, typed in zip(dialogue[::2], dialogue[1::2]):
    while expected.encode() not in seen:
        assert time.time() < ends, (expected, seen)
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 4096)
    sys.stdout.write(seen.decode())
    seen = b""
    os.write(terminal, (typed + "\n").encode())
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    sys.stdout.write(read.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// Types on a terminal: pairs of what is waited for and what is typed then.
fn on_a_terminal(unit: &Unit, dialogue: &[(&str, &str)]) -> Result<String> {
    let pairs = dialogue
        .iter()
        .flat_map(|(expected, typed)| [*expected, *typed]);
    let terminal = Tool::new("python3").arg("-c").arg(ON_A_TERMINAL);
    let terminal = terminal.arg(Unit::program()?).arg(unit.state());
    let terminal = pairs.fold(terminal, |terminal, text| terminal.arg(text));
    Ok(terminal.run()?.text())
}

/// What a script finds in JSON, by an expression of Python over `d`.
fn python(json: &str, expression: &str) -> Result<String> {
    let program = format!("import json, sys; d = json.load(sys.stdin); print({expression})");
    let found = Tool::new("python3")
        .arg("-c")
        .arg(program)
        .stdin(json)
        .run()?;
    Ok(found.text().trim_end().to_owned())
}

/// The same text on one line, for what may be wrapped anywhere.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_certificate_is_renewed_over_the_console_alone() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let made = unit.console(
        "names delete all\nnames add ntp1.example.net IP:127.0.0.1\n\
         request new cn=ntp1.example.net o=\"Example Ltd\" c=FR",
    )?;
    assert!(made.status.success(), "{made:?}");
    let request = judge::pem_blocks(&made.text()).pop().context("a request")?;
    let read = judge::request(&request)?;
    assert!(read.contains("organizationName=Example Ltd"), "{read}");
    assert!(read.contains("DNS:ntp1.example.net"), "{read}");
    assert_eq!(
        unit.console("request export")?.text().trim(),
        request.trim()
    );

    let issued = authority.sign(&request)?;
    for encoding in [Encoding::X509Pem, Encoding::Pkcs7Pem] {
        let pem = String::from_utf8(issued.encode(encoding)?)?;
        let review = unit.console(&format!("cert paste\n{pem}\ncert review"))?;
        assert!(
            review.text().contains("answers     request 1"),
            "{review:?}"
        );
        let before = judge::presented_chain(unit.address)?;
        let installed = unit.console_command("install", &pem)?;
        assert!(installed.status.success(), "{installed:?}");
        let chain = judge::trusted_chain(unit.address, &authority.root(), "ntp1.example.net")?;
        judge::trusted_chain(unit.address, &authority.root(), "127.0.0.1")?;
        let leaf = chain.first().context("the unit shows nothing")?;
        assert!(
            installed
                .text()
                .ends_with(&format!("{}\n", judge::fingerprint(leaf)?))
        );
        let back = unit.console("previous")?;
        assert!(back.status.success(), "{back:?}");
        assert_eq!(judge::presented_chain(unit.address)?, before);
    }
    Ok(())
}

#[test]
fn a_request_is_made_by_questions_on_a_terminal_and_a_certificate_pasted() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let shown = on_a_terminal(
        &unit,
        &[
            ("countersign> ", "request new"),
            ("Hostname or IP): ", "*.example.net"),
            ("Hostname or IP): ", "ntp1.example.net"),
            ("Alternative Name [no more]: ", "127.0.0.1"),
            ("Alternative Name [no more]: ", ""),
            ("(ISO 3166-1): ", "FR"),
            ("Province Name: ", ""),
            ("Locality Name: ", ""),
            ("Organization Name: ", "Example Ltd"),
            ("Unit Name: ", ""),
            ("Email Address: ", ""),
            ("Key Type (", "EC P-256"),
            ("Signature Algorithm (", ""),
            ("at once? yes or no [no]: ", ""),
            ("yes or no [no]: ", "yes"),
            ("Challenge Password: ", "canary-challenge"),
            ("Optional Organization Name: ", ""),
            ("Pass Phrase: ", "canary-phrase"),
            ("countersign> ", "exit"),
        ],
    )?;
    assert!(shown.contains("is a wildcard"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    let request = unit.console("request export")?.text();
    let read = judge::request(&request)?;
    assert!(read.contains("commonName=ntp1.example.net"), "{read}");
    assert!(read.contains("IP Address:127.0.0.1"), "{read}");
    let issued = authority.sign(&request)?;
    // Pasted at the prompt, and nothing follows: it ends by itself.
    let pem = String::from_utf8(issued.encode(Encoding::X509Pem)?)?;
    let shown = on_a_terminal(
        &unit,
        &[
            ("countersign> ", pem.trim_end()),
            ("Type install", "install"),
            ("SHA-256 fingerprint", "exit"),
        ],
    )?;
    judge::trusted_chain(unit.address, &authority.root(), "ntp1.example.net")?;
    let fingerprint = judge::fingerprint(&issued.leaf)?;
    assert!(shown.contains(&fingerprint), "{shown}");
    Ok(())
}

#[test]
fn a_local_console_edits_lines_and_cancels_as_over_ssh() -> Result<()> {
    let unit = Unit::start()?;
    let mut terminal = Terminal::local(&unit)?;
    terminal.expect(PROMPT)?;
    consoles::edits_lines(&mut terminal)?;
    // Otherwise the key may be made before Ctrl-C is typed.
    let slow = unit.slow_down();
    terminal.send("request new cn=ntp1 bits=4096\r")?;
    terminal.expect("\n")?;
    terminal.send("\x03")?;
    terminal.expect("was cancelled. Nothing was changed.")?;
    terminal.expect(PROMPT)?;
    drop(slow);
    let list = terminal.command("request list")?;
    assert_eq!(list, "There is no request. Type request new for one.\n");
    terminal.send("exit\r")?;
    terminal.expect("ended 0.")?;
    terminal.expect("restored")?;
    Ok(())
}

#[test]
fn a_terminal_is_as_it_was_however_its_console_ends() -> Result<()> {
    let unit = Unit::start()?;
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut terminal = Terminal::local(&unit)?;
        terminal.expect("process ")?;
        let process = terminal.expect(".")?;
        terminal.expect(PROMPT)?;
        Tool::new("kill")
            .args(&format!("-{signal} {process}"))
            .run()?;
        terminal.expect(&format!("ended {code}."))?;
        terminal.expect("restored")?;
    }
    let mut terminal = Terminal::local(&unit)?;
    terminal.expect(PROMPT)?;
    unit.kill()?;
    terminal.expect("the unit went away")?;
    terminal.expect("ended 4.")?;
    terminal.expect("restored")?;
    Ok(())
}

#[test]
fn a_paste_with_a_private_key_is_refused_and_nothing_of_it_is_repeated() -> Result<()> {
    let unit = Unit::start()?;
    let folder = tempfile::tempdir()?;
    let (key, request) = foreign_request(folder.path(), "/CN=ntp1.example.net")?;
    for (pasted, said) in [
        (key.as_str(), "private key"),
        (request.as_str(), "This is a certificate request"),
        ("nothing of use\n", "certificate"),
    ] {
        let ran = unit.console_command("install", pasted)?;
        assert_eq!(ran.status.code(), Some(1), "{ran:?}");
        let stderr = joined(&ran.stderr);
        assert!(stderr.contains(said), "{stderr}");
        let secret = key.lines().nth(3).context("a key has lines")?;
        assert!(!stderr.contains(secret));
    }
    let chain = judge::presented_chain(unit.address)?;
    let certificate = chain.first().context("the unit shows nothing")?;
    assert_eq!(judge::fingerprint(certificate)?, unit.printed_fingerprint);
    Ok(())
}

#[test]
fn a_der_file_that_is_sent_as_a_paste_is_answered_with_what_to_do() -> Result<()> {
    let unit = Unit::start()?;
    let chain = judge::presented_chain(unit.address)?;
    let pem = chain.first().context("the unit shows nothing")?;
    let der = Tool::new("openssl").args("x509 -outform DER");
    let der = der.stdin(pem.as_str()).run()?.stdout;
    let ran = unit.console_command("install", der)?;
    let said = joined(&ran.stderr);
    assert!(said.contains("The line is not text."), "{said}");
    assert!(said.ends_with("openssl x509 -inform DER."), "{said}");
    assert_eq!(ran.status.code(), Some(2), "{said}");
    Ok(())
}

#[test]
fn a_script_reads_json_and_exit_codes() -> Result<()> {
    let unit = Unit::start()?;
    let json = |command: &str| -> Result<String> {
        let ran = unit.console_command(&format!("{command} --json"), "")?;
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
        Ok(ran.text())
    };
    let status = json("status")?;
    let sha256 = python(&status, "d['serving']['certificate']['sha256']")?;
    assert_eq!(sha256, unit.printed_fingerprint);
    let made = json("request new cn=ntp1.example.net key=\"EC P-256\"")?;
    let pem = python(&made, "d['request']['pem']")?;
    assert!(judge::request(&pem)?.contains("commonName=ntp1.example.net"));
    let list = json("request list")?;
    assert_eq!(
        python(&list, "[r['common_name'] for r in d]")?,
        "['ntp1.example.net']"
    );
    let settings = json("services")?;
    let trial = "next(s['value'] for s in d if s['name'] == 'trial')";
    assert_eq!(python(&settings, trial)?, "10");

    for (command, input, code, said) in [
        ("services set trial 20", "", 0, ""),
        ("services get trial", "", 0, ""),
        ("request show 7", "", 1, "names no request"),
        ("previous", "", 1, "served before"),
        ("cert check ntp9.example.net", "", 1, "does not cover"),
        ("stauts", "", 2, "Did you mean status?"),
        ("request delete 1", "", 3, "Nobody answered"),
        ("request delete 1", "no\n", 3, "Nothing was changed."),
        ("request delete 1", "yes\n", 0, "go for good"),
    ] {
        let ran = unit.console_command(command, input)?;
        assert_eq!(ran.status.code(), Some(code), "{command}: {ran:?}");
        assert!(joined(&ran.stderr).contains(said), "{command}: {ran:?}");
        let asked = command.starts_with("request delete");
        assert_eq!(
            ran.stderr.is_empty(),
            code == 0 && !asked,
            "{command}: {ran:?}"
        );
    }
    Ok(())
}

#[test]
fn only_a_console_that_insists_serves_a_key_too_short_for_tls_1_3() -> Result<()> {
    let unit = Unit::start()?;
    let authority = Authority::new()?;
    let request = unit.console_command("request new cn=ntp1.example.net bits=512", "")?;
    let request = judge::pem_blocks(&request.text())
        .pop()
        .context("a request")?;
    let pem = String::from_utf8(authority.sign(&request)?.encode(Encoding::X509Pem)?)?;
    let before = judge::presented_chain(unit.address)?;
    let refused = unit.console_command("install", &pem)?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        joined(&refused.stderr).contains("Type install -f"),
        "{refused:?}"
    );
    assert_eq!(judge::presented_chain(unit.address)?, before);
    let forced = unit.console_command("install -f", &pem)?;
    assert_eq!(forced.status.code(), Some(0), "{forced:?}");
    let status = unit.console_command("status --json", "")?.text();
    assert_eq!(
        python(&status, "d['serving']['certificate']['public_key']")?,
        "RSA 512"
    );
    assert!(unit.console("defcert")?.status.success());
    judge::presented_chain(unit.address)?;
    Ok(())
}

#[test]
fn the_console_runs_one_command_for_an_sshd_and_says_when_no_unit_answers() -> Result<()> {
    let unit = Unit::start()?;
    let forced = Tool::new(Unit::program()?)
        .variable("SSH_ORIGINAL_COMMAND", "version")
        .args("console --state")
        .arg(unit.state())
        .run()?;
    let version = forced.text();
    assert!(version.starts_with("countersign 0.1.0 ("), "{version}");
    let folder = tempfile::tempdir()?;
    let alone = Tool::new(Unit::program()?)
        .args("console --state")
        .arg(folder.path())
        .args("-c version")
        .try_run()?;
    assert_eq!(alone.status.code(), Some(4), "{alone:?}");
    assert!(alone.stderr.contains("no unit answers"), "{alone:?}");
    Ok(())
}

#[test]
fn while_a_key_of_4096_bits_is_made_other_consoles_are_answered() -> Result<()> {
    let unit = Unit::start()?;
    // Luck decides how long a key takes, so it may take several to catch one.
    for _ in 0..20 {
        let request = Tool::new(Unit::program()?)
            .args("console --state")
            .arg(unit.state())
            .args("-c")
            .arg("request new cn=ntp1 bits=4096");
        let making = thread::spawn(move || request.try_run());
        while !making.is_finished() {
            let stands = unit.console_command("request making", "")?.text();
            if stands.contains("RSA 4096 is being made") {
                assert!(unit.console("version")?.status.success());
                unit.console("request cancel")?;
            }
        }
        let made = making.join().expect("it does not panic")?;
        if made.status.code() == Some(3) {
            assert!(joined(&made.stderr).contains("was cancelled"), "{made:?}");
            return Ok(());
        }
        assert_eq!(made.status.code(), Some(0), "{made:?}");
    }
    panic!("no key could be cancelled")
}
