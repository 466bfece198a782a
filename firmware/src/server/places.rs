//! Who may be connected at a time, and who has to give way.
//!
//! Turning away the newest would let anybody who holds all places, at the price of
//! an octet now and then, keep the administrator out. So a new connection gets a
//! place as long as another has had its time:
//!
//! - strangers give way before somebody who is signed in;
//! - among them those of the address that holds the most places, so that an address
//!   with one connection never pays for one with many;
//! - among those the oldest, for it had the longest time to do what it came for.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::limits::{Crowd, GRACE};

/// Whom connections are counted for: an IPv4 address, or the first half of an IPv6
/// address, for the second is the client's own choice (RFC 4291 section 2.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        })
    }
}

/// Whether somebody who is signed in has made the last request of a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark(Arc<AtomicBool>);

impl Mark {
    /// To be told at every request.
    pub(crate) fn set(&self, signed_in: bool) {
        self.0.store(signed_in, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The connections that are there.
#[derive(Debug)]
pub(super) struct Places<C> {
    crowd: Crowd,
    /// In the order in which they came.
    taken: Vec<Place<C>>,
    /// How many each address holds.
    held: HashMap<Network, usize>,
}

#[derive(Debug)]
struct Place<C> {
    connection: C,
    network: Network,
    since: Instant,
    mark: Mark,
}

/// What has to happen before a new connection can come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room<C> {
    /// Nothing.
    Free,
    /// This one has given up its place and is to be closed.
    Vacated(C),
    /// The new one is to be closed.
    None,
}

impl<C> Places<C> {
    pub(super) fn new(crowd: Crowd) -> Self {
        Self {
            crowd,
            taken: Vec::new(),
            held: HashMap::new(),
        }
    }

    /// Makes room for a connection from `network`, if there is any to be had.
    pub(super) fn make_room(&mut self, network: Network, now: Instant) -> Room<C> {
        let own = self.held_by(network);
        let within_own = own >= self.crowd.address_max;
        if !within_own && self.taken.len() < self.crowd.all_max {
            return Room::Free;
        }
        let candidates = self.taken.iter().enumerate();
        let candidates = candidates.filter(|(_, place)| !within_own || place.network == network);
        let first = candidates.min_by_key(|(_, place)| {
            let held = Reverse(self.held_by(place.network));
            (place.mark.is_set(), held, place.since)
        });
        let Some((index, place)) = first else {
            return Room::None;
        };
        // Between addresses that hold as much, whoever came first may go on for a while.
        let is_fairer = self.held_by(place.network) > own + 1;
        if !is_fairer && now.saturating_duration_since(place.since) < GRACE {
            return Room::None;
        }
        Room::Vacated(self.vacate(index).connection)
    }

    /// Gives a place to a connection for which there is room.
    pub(super) fn take(&mut self, connection: C, network: Network, mark: Mark, now: Instant) {
        self.taken.push(Place {
            connection,
            network,
            since: now,
            mark,
        });
        *self.held.entry(network).or_default() += 1;
    }

    /// A connection has ended, perhaps one that had given up its place before.
    pub(super) fn leave(&mut self, is_it: impl Fn(&C) -> bool) {
        let index = self.taken.iter().position(|place| is_it(&place.connection));
        if let Some(index) = index {
            self.vacate(index);
        }
    }

    fn vacate(&mut self, index: usize) -> Place<C> {
        let place = self.taken.remove(index);
        let left = self.held_by(place.network).saturating_sub(1);
        if left == 0 {
            self.held.remove(&place.network);
        } else {
            self.held.insert(place.network, left);
        }
        place
    }

    fn held_by(&self, network: Network) -> usize {
        self.held.get(&network).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::{ADDRESS_CONNECTIONS_MAX, CONNECTIONS_MAX, PAGES};

    /// Places whose connections have numbers, at a time that is told in milliseconds.
    struct Scene {
        places: Places<u32>,
        start: Instant,
        last: u32,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                places: Places::new(PAGES),
                start: Instant::now(),
                last: 0,
            }
        }

        fn arrive(&mut self, from: &str, at: u64) -> (Room<u32>, Mark) {
            let network = Network::of(from.parse().expect("an address"));
            let now = self.start + Duration::from_millis(at);
            let room = self.places.make_room(network, now);
            let mark = Mark::default();
            if room != Room::None {
                self.last += 1;
                self.places.take(self.last, network, mark.clone(), now);
            }
            (room, mark)
        }

        /// So many connections from each of these addresses, which find room.
        fn fill(&mut self, connections: usize, addresses: impl Iterator<Item = String>, at: u64) {
            for address in addresses {
                for _ in 0..connections {
                    assert_eq!(self.arrive(&address, at).0, Room::Free, "{address}");
                }
            }
        }
    }

    fn addresses(count: usize) -> impl Iterator<Item = String> {
        (0..count).map(|number| format!("10.0.{}.{}", number / 250, number % 250 + 1))
    }

    #[test]
    fn the_oldest_connection_of_an_address_gives_way_to_its_own_newest() {
        let mut scene = Scene::new();
        scene.fill(ADDRESS_CONNECTIONS_MAX, addresses(1), 0);
        assert_eq!(scene.arrive("10.0.0.1", 999).0, Room::None);
        assert_eq!(scene.arrive("10.0.0.1", 1000).0, Room::Vacated(1));
        assert_eq!(scene.arrive("10.0.0.1", 1000).0, Room::Vacated(2));
        assert_eq!(scene.arrive("10.0.0.2", 1000).0, Room::Free);
    }

    #[test]
    fn whoever_holds_few_places_takes_one_from_whoever_holds_many() {
        let mut scene = Scene::new();
        let few = CONNECTIONS_MAX - 3 * ADDRESS_CONNECTIONS_MAX - 10;
        scene.fill(few, ["10.9.0.1".into()].into_iter(), 0);
        scene.fill(10, ["10.9.0.2".into()].into_iter(), 0);
        scene.fill(ADDRESS_CONNECTIONS_MAX, addresses(3), 1);
        let of_the_first_with_many = u32::try_from(few + 10 + 1).expect("a number");
        let (room, _) = scene.arrive("10.9.0.3", 2);
        assert_eq!(
            room,
            Room::Vacated(of_the_first_with_many),
            "without any grace"
        );
    }

    #[test]
    fn when_everybody_holds_one_place_the_oldest_gives_way_after_its_grace() {
        let mut scene = Scene::new();
        scene.fill(1, addresses(CONNECTIONS_MAX), 0);
        assert_eq!(scene.arrive("10.9.0.1", 999).0, Room::None);
        assert_eq!(scene.arrive("10.9.0.1", 1000).0, Room::Vacated(1));
    }

    #[test]
    fn strangers_give_way_before_somebody_who_is_set() {
        let mut scene = Scene::new();
        let (_, admin) = scene.arrive("10.0.0.1", 0);
        admin.set(true);
        scene.fill(ADDRESS_CONNECTIONS_MAX - 1, addresses(1), 1);
        assert_eq!(scene.arrive("10.0.0.1", 5000).0, Room::Vacated(2));
        admin.set(false);
        assert_eq!(scene.arrive("10.0.0.1", 5000).0, Room::Vacated(1));
    }

    #[test]
    fn places_that_are_left_are_free_again() {
        let mut scene = Scene::new();
        scene.fill(ADDRESS_CONNECTIONS_MAX, addresses(1), 0);
        scene.places.leave(|id| *id == 7);
        scene.places.leave(|id| *id == 7);
        assert_eq!(scene.arrive("10.0.0.1", 0).0, Room::Free);
        assert_eq!(scene.arrive("10.0.0.1", 0).0, Room::None);
    }

    #[test]
    fn an_ipv6_client_cannot_choose_another_address_to_count_as_another() {
        let network = |address: &str| Network::of(address.parse().expect("an address"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1:2:3"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_ne!(network("::ffff:10.0.0.1"), network("::ffff:10.0.0.2"));
    }
}
