//! The console over SSH, with the clients of OpenSSH and Dropbear.

use std::net::SocketAddr;
use std::path::Path;

use acceptance::terminal::{PROMPT, SSH_OPTIONS};
use acceptance::{Administrator, PASSWORD, Page, Ran, Terminal, Tool, Unit};
use anyhow::{Context as _, Result};

use crate::consoles;

/// What `ssh` ends with when it is not let in.
const NOT_LET_IN: i32 = 255;

/// `ssh` with the password, or another, typed for it.
fn ssh(address: SocketAddr, password: &str) -> Tool {
    let mut tool = Tool::new("sshpass")
        .args("-e ssh")
        .variable("SSHPASS", password);
    for option in SSH_OPTIONS {
        tool = tool.arg(option);
    }
    let port = address.port();
    tool.args(&format!(
        "-o NumberOfPasswordPrompts=1 -p {port} admin@127.0.0.1"
    ))
}

/// `ssh` with a key and nothing else.
fn with_key(key: &Path, port: u16) -> Result<Ran> {
    let mut tool = Tool::new("ssh");
    for option in SSH_OPTIONS {
        tool = tool.arg(option);
    }
    let tool = tool
        .args("-o BatchMode=yes -o IdentitiesOnly=yes -i")
        .arg(key);
    tool.args(&format!("-p {port} admin@127.0.0.1 version"))
        .try_run()
}

#[test]
fn a_unit_is_repaired_over_ssh() -> Result<()> {
    let unit = Unit::start()?;
    let mut terminal = Terminal::ssh(unit.listens("SSH")?)?;
    terminal.answer("password: ", PASSWORD)?;
    terminal.expect(PROMPT)?;
    consoles::edits_lines(&mut terminal)?;
    consoles::repairs_the_unit(&unit, &mut terminal)?;
    consoles::ends_with_its_session(&unit, &mut terminal, "SSH, from 127.0.0.1")?;
    terminal.end()?;
    Ok(())
}

#[test]
fn a_command_answers_with_clean_output_and_its_exit_code() -> Result<()> {
    let unit = Unit::start()?;
    let address = unit.listens("SSH")?;
    let version = ssh(address, PASSWORD).args("version").try_run()?;
    assert!(version.status.success(), "{version:?}");
    let text = version.text();
    assert!(
        text.starts_with("countersign ") && text.lines().count() == 1,
        "{text:?}"
    );
    assert!(version.stderr.is_empty(), "{version:?}");

    let unknown = ssh(address, PASSWORD).args("versoin").try_run()?;
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
    assert!(unknown.text().is_empty(), "{unknown:?}");
    let why = &unknown.stderr;
    assert!(why.contains("\"versoin\" is no command"), "{why}");

    // Lines are run one after the other, until one fails.
    let script = ssh(address, PASSWORD)
        .stdin("version\nservices set trial never\nversion\n")
        .try_run()?;
    assert_eq!(script.status.code(), Some(1), "{script:?}");
    assert_eq!(script.text(), text);
    Ok(())
}

#[test]
fn a_key_that_was_added_gets_in_without_a_password_until_it_is_deleted() -> Result<()> {
    let unit = Unit::start()?;
    let port = unit.listens("SSH")?.port();
    let folder = tempfile::tempdir()?;
    for (kind, taken) in [("ed25519", true), ("ecdsa", true), ("rsa", false)] {
        let key = folder.path().join(kind);
        Tool::new("ssh-keygen")
            .args(&format!("-q -t {kind} -N"))
            .arg("")
            .args("-f")
            .arg(&key)
            .run()?;
        let line = std::fs::read_to_string(key.with_extension("pub"))?;
        assert_eq!(
            with_key(&key, port)?.status.code(),
            Some(NOT_LET_IN),
            "{kind}"
        );
        // What could not be checked later is refused at once.
        let added = unit.console(&format!("keys add {}", line.trim()))?;
        assert_eq!(added.status.success(), taken, "{kind}: {added:?}");
        if taken {
            assert!(
                with_key(&key, port)?.text().starts_with("countersign "),
                "{kind}"
            );
            unit.console("keys delete 1")?;
        }
        assert_eq!(
            with_key(&key, port)?.status.code(),
            Some(NOT_LET_IN),
            "{kind}"
        );
    }
    Ok(())
}

#[test]
fn a_key_that_was_added_in_a_browser_gets_in_until_it_is_removed_there() -> Result<()> {
    const KEYS: &str = "/access/keys";
    let unit = Unit::start()?;
    let port = unit.listens("SSH")?.port();
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    Tool::new("ssh-keygen")
        .args("-q -t ed25519 -C me@laptop -N")
        .arg("")
        .args("-f")
        .arg(&key)
        .run()?;
    let line = std::fs::read_to_string(key.with_extension("pub"))?;
    let private = std::fs::read_to_string(&key)?;
    let mut admin = Administrator::sign_in(&unit)?;
    let browser = &mut admin.browser;
    let mut add = |line: &str| -> Result<Page> {
        let mut form = browser.open(KEYS)?.form(KEYS)?;
        form.fill("key", line)?;
        browser.submit(&form)
    };
    for (typed, said) in [
        ("ssh-ed25519 AAAA", "no public key of SSH"),
        (private.as_str(), "This is a private key"),
        (&format!("from=\"10.0.0.7\" {line}"), "Options before a key"),
    ] {
        let refused = add(typed)?;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains(said), "{}", refused.text());
        let shows = refused
            .text()
            .contains(private.lines().nth(2).context("a key")?);
        assert!(!shows, "{}", refused.text());
    }
    assert_eq!(with_key(&key, port)?.status.code(), Some(NOT_LET_IN));
    let added = add(&line)?;
    assert!(added.text().contains("me@laptop"), "{}", added.text());
    assert!(with_key(&key, port)?.text().starts_with("countersign "));
    assert!(add(&line)?.text().contains("may sign in already"));
    let listed = unit.console("keys")?.text();
    assert!(listed.contains("me@laptop"), "{listed}");

    let page = browser.open(KEYS)?;
    let buttons = page.content.all("button");
    let fingerprint = buttons
        .iter()
        .filter_map(|button| button.attribute("value"))
        .find(|value| value.starts_with("SHA256:"));
    let fingerprint = fingerprint.context("no button removes it")?;
    let form = page.form("/access/keys/remove")?;
    let removed = browser.press(&form, "key", fingerprint)?;
    assert!(
        removed.text().contains("No key may sign in"),
        "{}",
        removed.text()
    );
    assert_eq!(with_key(&key, port)?.status.code(), Some(NOT_LET_IN));
    Ok(())
}

#[test]
fn dropbear_gets_in_too() -> Result<()> {
    let unit = Unit::start()?;
    let port = unit.listens("SSH")?.port();
    let ran = Tool::new("dbclient")
        .args(&format!("-y -y -p {port} admin@127.0.0.1 version"))
        .variable("DROPBEAR_PASSWORD", PASSWORD)
        .run()?;
    assert!(ran.text().starts_with("countersign "), "{ran:?}");
    Ok(())
}

#[test]
fn a_first_password_opens_nothing_but_its_change() -> Result<()> {
    let unit = Unit::start_without_password()?;
    let address = unit.listens("SSH")?;
    let first = unit.printed_password.as_deref().context("a password")?;
    let refused = ssh(address, first).args("defcert").try_run()?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let why = &refused.stderr;
    assert!(why.contains("has to be changed"), "{why}");

    let mut terminal = Terminal::ssh(address)?;
    terminal.answer("password: ", first)?;
    for _ in 0..2 {
        terminal.answer(": ", PASSWORD)?;
    }
    terminal.expect(PROMPT)?;
    let version = ssh(address, PASSWORD).args("version").try_run()?;
    assert!(version.status.success(), "{version:?}");
    Administrator::sign_in(&unit)?;
    Ok(())
}

#[test]
fn wrong_passwords_cost_the_same_time_as_in_a_browser() -> Result<()> {
    let unit = Unit::start()?;
    let address = unit.listens("SSH")?;
    for attempt in 0..5 {
        let refused = ssh(address, &format!("guess-{attempt}")).args("version");
        let refused = refused.try_run()?;
        assert_eq!(refused.status.code(), Some(NOT_LET_IN), "{refused:?}");
    }
    let too_soon = ssh(address, PASSWORD).args("version").try_run()?;
    assert_eq!(too_soon.status.code(), Some(NOT_LET_IN), "{too_soon:?}");
    let journal = unit.console("journal")?.text();
    assert_eq!(
        journal.matches("SSH, from 127.0.0.1").count(),
        5,
        "{journal}"
    );
    Ok(())
}

/// The fingerprint that a client is shown.
fn host_key(address: SocketAddr) -> Result<String> {
    let port = address.port();
    let scanned = Tool::new("ssh-keyscan")
        .args(&format!("-p {port} 127.0.0.1"))
        .run()?;
    let printed = Tool::new("ssh-keygen")
        .args("-l -f -")
        .stdin(scanned.text())
        .run()?;
    let text = printed.text();
    let fingerprint = text.split(' ').nth(1).context("no fingerprint")?;
    assert!(text.contains("(ED25519)"), "{text}");
    Ok(fingerprint.to_owned())
}

#[test]
fn the_host_key_stays_through_restarts_and_is_new_with_a_new_store() -> Result<()> {
    let unit = Unit::start()?;
    let first = host_key(unit.listens("SSH")?)?;
    assert!(first.starts_with("SHA256:"), "{first}");
    let printed = unit.transcript.text_of("standard output");
    assert!(
        printed.contains(&format!("SSH host key {first}")),
        "{printed}"
    );
    let status = unit.console("status")?.text();
    assert!(status.contains(&first), "{status}");

    let unit = unit.kill_and_restart()?;
    assert_eq!(host_key(unit.listens("SSH")?)?, first);
    let unit = unit.lose_store_and_restart()?;
    assert_ne!(host_key(unit.listens("SSH")?)?, first);
    Ok(())
}

/// What ssh-audit may warn of. Whatever else it finds is a failure, and so is a
/// warning here that it no longer has.
const WARNED: [&str; 2] = [
    // Clients before OpenSSH 9.9, and Dropbear, agree on keys in no better way.
    "(kex) curve25519-sha256 ",
    "(kex) curve25519-sha256@libssh.org ",
];

#[test]
fn ssh_audit_finds_modern_algorithms_only() -> Result<()> {
    let unit = Unit::start()?;
    let port = unit.listens("SSH")?.port();
    // How many connections one address has is limited by count, not by rate.
    let audit = Tool::new("ssh-audit")
        .args(&format!("--no-colors --skip-rate-test -p {port} 127.0.0.1"))
        .try_run()?;
    let text = audit.text();
    assert!(!text.contains("[fail]"), "{text}");
    let found: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("[warn]"))
        .collect();
    assert_eq!(found.len(), WARNED.len(), "{found:?}");
    for (line, expected) in found.iter().zip(WARNED) {
        assert!(line.starts_with(expected), "{line}");
        assert!(line.contains("post-quantum"), "{line}");
    }
    assert!(text.contains("(kex) mlkem768x25519-sha256"), "{text}");
    Ok(())
}

#[test]
fn a_connection_forwards_nothing_and_hands_out_no_files() -> Result<()> {
    let unit = Unit::start()?;
    let address = unit.listens("SSH")?;
    let forwarded = ssh(address, PASSWORD)
        .args(&format!("-W 127.0.0.1:{}", unit.address.port()))
        .try_run()?;
    assert!(!forwarded.status.success(), "{forwarded:?}");
    let files = ssh(address, PASSWORD).args("-s sftp").try_run()?;
    assert!(!files.status.success(), "{files:?}");
    Ok(())
}
