//! What cannot be tried from outside: a journal that has let entries go takes ten
//! thousand of them.

use std::net::UdpSocket;

use cert_lifecycle::Actor;

use super::*;
use crate::web::tests::Browser;

fn received(collector: &UdpSocket) -> String {
    let mut octets = [0; 2048];
    let length = collector.recv(&mut octets).expect("a message");
    String::from_utf8_lossy(&octets[..length]).into_owned()
}

#[tokio::test]
async fn what_the_journal_has_let_go_is_counted_and_said_once() {
    let (browser, _) = Browser::new(None);
    let unit = &browser.app().unit;
    for _ in 0..4 {
        let refused = unit.sign_in("admin", "wrong", &Actor::unit());
        assert!(refused.expect("stored").is_none());
    }
    let collector = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = collector.local_addr().expect("an address");
    let mut sender = Sender::new(browser.app(), 0);
    sender.collector = format!("udp:{address}").parse().ok();
    sender.origin.rename("");
    // As if the first two had given way already.
    let rest = unit.follow(2, 2).expect("followed");
    sender.send_all(&rest).await.expect("sent");
    let lost = received(&collector);
    assert!(lost.starts_with("<84>1 "), "a warning: {lost}");
    assert!(lost.contains(" entries-lost "), "{lost}");
    assert!(lost.contains("2 entries were not sent"), "{lost}");
    for number in 3..=4 {
        let message = received(&collector);
        assert!(
            message.contains(&format!("entry=\"{number}\"")),
            "{message}"
        );
    }
    let next = unit.follow(4, 1).expect("followed");
    sender.send_all(&next).await.expect("sent");
    assert!(received(&collector).contains("entry=\"5\""));
    assert_eq!((sender.app.syslog.lost(), sender.app.syslog.sent()), (2, 3));
    let state = sender.app.syslog.to_string();
    assert!(
        state.ends_with("Entries lost while it was away: 2."),
        "{state}"
    );
}

#[tokio::test]
async fn waits_for_a_collector_that_is_away_grow_up_to_a_minute() {
    let (browser, _) = Browser::new(None);
    let mut sender = Sender::new(browser.app(), 1);
    sender.collector = "tcp:127.0.0.1:1".parse().ok();
    let mut waits = Vec::new();
    for _ in 0..8 {
        sender.back_off(&io::Error::other("refused"));
        waits.extend(sender.away.as_ref().map(|away| away.wait.as_secs()));
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(sender.app.syslog.to_string().contains("(refused)"));
    sender.turn_to(None);
    assert_eq!(sender.app.syslog.trouble(), None);
}
