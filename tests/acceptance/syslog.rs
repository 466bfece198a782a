//! Alarms and the journal, at a syslog collector.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use acceptance::syslog::Message;
use acceptance::{Rsyslog, TcpCollector, UdpCollector, Unit, judge, sign_in};
use anyhow::{Context as _, Result, ensure};

/// The structured data of the unit's own.
const OURS: &str = "countersign@32473";

fn send_to(unit: &Unit, transport: &str, address: SocketAddr) -> Result<()> {
    unit.done(&format!("services set syslog {transport}:{address}"))
        .map(drop)
}

/// The number of the journal's entry that it tells of.
fn entry(message: &Message) -> Result<u64> {
    let number = message.param(OURS, "entry").context("no entry")?;
    Ok(number.parse()?)
}

/// Messages up to the first with this MSGID.
fn up_to(id: &str, mut next: impl FnMut() -> Result<Message>) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    loop {
        let message = next()?;
        let found = message.id.as_deref() == Some(id);
        messages.push(message);
        if found {
            return Ok(messages);
        }
    }
}

fn last<'a>(messages: &'a [Message], id: &str) -> Result<&'a Message> {
    let mut found = messages.iter().rev();
    let found = found.find(|message| message.id.as_deref() == Some(id));
    found.with_context(|| format!("no {id} among {messages:?}"))
}

/// Expects every entry of the journal from the first to the last, once each.
fn expect_no_gap(messages: &[Message]) -> Result<()> {
    let numbers = messages.iter().map(entry).collect::<Result<Vec<_>>>()?;
    let first = *numbers.first().context("no message")?;
    let expected: Vec<u64> = (first..).take(numbers.len()).collect();
    ensure!(numbers == expected, "{numbers:?}");
    Ok(())
}

#[test]
fn everything_in_the_journal_is_told_over_udp_as_it_happens() -> Result<()> {
    let unit = Unit::start()?;
    let collector = UdpCollector::start()?;
    send_to(&unit, "udp", collector.address()?)?;
    let mut messages = up_to("settings", || collector.message())?;
    unit.console("services set names ntp1.example.net")?;
    messages.extend(up_to("settings", || collector.message())?);
    assert_eq!(sign_in(&mut unit.browser(), "wrong")?.status, 401);
    messages.extend(up_to("sign-in-refused", || collector.message())?);
    unit.done("defcert")?;
    messages.extend(up_to("reset", || collector.message())?);
    expect_no_gap(&messages)?;

    let by_kind = |message: &Message| (message.facility, message.app_name.clone());
    for message in &messages {
        assert_eq!(by_kind(message), (10, Some("countersign".into())));
        let process: u32 = message.process.as_deref().context("no PROCID")?.parse()?;
        assert!(process > 1);
        let synchronised = message.param("timeQuality", "isSynced");
        let expected = if message.timestamp.is_some() {
            "1"
        } else {
            "0"
        };
        assert_eq!(synchronised, Some(expected), "a time that may be wrong");
    }
    let sequence = messages
        .iter()
        .map(|message| message.param("meta", "sequenceId"));
    let expected: Vec<String> = (1..=messages.len())
        .map(|number| number.to_string())
        .collect();
    assert!(sequence.eq(expected.iter().map(|number| Some(number.as_str()))));

    let refused = last(&messages, "sign-in-refused")?;
    assert_eq!(refused.severity, 4);
    assert_eq!(refused.hostname.as_deref(), Some("ntp1.example.net"));
    assert_eq!(refused.param(OURS, "via"), Some("web"));
    assert_eq!(refused.param(OURS, "from"), Some("127.0.0.1"));
    assert_eq!(refused.text, "sign-in refused: wrong name or password");
    let reset = last(&messages, "reset")?;
    assert_eq!(
        (reset.severity, reset.param(OURS, "via")),
        (5, Some("console"))
    );
    let chain = judge::presented_chain(unit.address)?;
    let served = judge::fingerprint(chain.first().context("nothing is served")?)?;
    assert_eq!(reset.param(OURS, "certificate"), Some(served.as_str()));
    Ok(())
}

#[test]
fn an_alarm_is_told_when_it_is_raised_and_when_it_ends() -> Result<()> {
    let unit = Unit::start()?;
    let mut collector = TcpCollector::start()?;
    send_to(&unit, "tcp", collector.address()?)?;
    let alarm = |message: &Message| message.param(OURS, "alarm").map(ToOwned::to_owned);
    unit.console("services set names ntp9.example.net")?;
    loop {
        let messages = up_to("alarm-raised", || collector.message())?;
        let raised = last(&messages, "alarm-raised")?;
        if alarm(raised).as_deref() == Some("name-not-covered") {
            assert_eq!(raised.severity, 4);
            assert!(raised.text.contains("ntp9.example.net"), "{}", raised.text);
            break;
        }
    }
    unit.console("services set names")?;
    loop {
        let messages = up_to("alarm-ended", || collector.message())?;
        if alarm(last(&messages, "alarm-ended")?).as_deref() == Some("name-not-covered") {
            return Ok(());
        }
    }
}

#[test]
fn a_collector_that_is_away_holds_nothing_up_and_misses_nothing() -> Result<()> {
    let unit = Unit::start()?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    send_to(&unit, "tcp", address)?;
    assert_eq!(sign_in(&mut unit.browser(), "wrong")?.status, 401);
    unit.done("defcert")?;

    let mut collector = TcpCollector::at(address)?;
    let messages = up_to("reset", || collector.message())?;
    assert_eq!(
        messages.first().and_then(|first| first.id.as_deref()),
        Some("settings")
    );
    last(&messages, "sign-in-refused")?;
    expect_no_gap(&messages)?;

    // The connection breaks; what was sent at the last may come again.
    let newest = entry(last(&messages, "reset")?)?;
    collector.hang_up();
    unit.console("services set trial 20")?;
    while entry(&collector.message()?)? <= newest {}
    Ok(())
}

#[test]
fn datagrams_that_nobody_takes_are_sent_again_when_somebody_does() -> Result<()> {
    let unit = Unit::start()?;
    let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    send_to(&unit, "udp", address)?;
    unit.done("defcert")?;
    let collector = UdpCollector::at(address)?;
    let messages = up_to("reset", || collector.message())?;
    assert_eq!(
        messages.first().and_then(|first| first.id.as_deref()),
        Some("settings")
    );
    Ok(())
}

#[test]
fn a_restart_sends_nothing_again() -> Result<()> {
    let unit = Unit::start()?;
    let mut collector = TcpCollector::start()?;
    send_to(&unit, "tcp", collector.address()?)?;
    unit.done("defcert")?;
    let before = up_to("reset", || collector.message())?;
    let newest = entry(last(&before, "reset")?)?;
    let unit = unit.kill_and_restart()?;
    collector.hang_up();
    unit.done("defcert")?;
    let after = up_to("reset", || collector.message())?;
    expect_no_gap(&after)?;
    for message in &after {
        assert!(entry(message)? > newest, "{message:?}");
    }
    Ok(())
}

#[test]
fn off_means_that_nothing_is_sent_and_another_collector_gets_what_comes_then() -> Result<()> {
    let unit = Unit::start()?;
    let first = UdpCollector::start()?;
    send_to(&unit, "udp", first.address()?)?;
    up_to("settings", || first.message())?;
    unit.console("services set syslog off")?;
    unit.done("defcert")?;
    let mut second = TcpCollector::start()?;
    send_to(&unit, "tcp", second.address()?)?;
    let messages = up_to("settings", || second.message())?;
    assert_eq!(
        messages.len(),
        1,
        "what was done while it was off: {messages:?}"
    );
    Ok(())
}

#[test]
fn rsyslog_understands_every_part_of_a_message() -> Result<()> {
    for transport in ["udp", "tcp"] {
        let unit = Unit::start()?;
        let rsyslog = Rsyslog::start()?;
        unit.console("services set names ntp1.example.net")?;
        send_to(&unit, transport, rsyslog.address)?;
        unit.done("defcert")?;
        let fields = rsyslog.fields("reset")?;
        let [pri, _, hostname, app_name, process, _, data, text] = fields.as_slice() else {
            panic!("{transport}: {fields:?}")
        };
        assert_eq!(
            [pri.as_str(), hostname, app_name],
            ["85", "ntp1.example.net", "countersign"]
        );
        assert!(process.parse::<u32>().is_ok(), "{process}");
        assert!(data.starts_with("[timeQuality tzKnown=\"1\""), "{data}");
        assert!(
            data.ends_with("\"]") && data.contains("[countersign@32473 entry="),
            "{data}"
        );
        assert_eq!(
            text,
            "factory certificate made: it serves from the next connection on"
        );
    }
    Ok(())
}
