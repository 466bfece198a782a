//! How people reach the unit, and which of these names a certificate covers.

use cert_policy::{Coverage, ServerName, covers};

use super::Review;
use crate::settings;
use crate::store::Records;
use crate::{Error, Unit};

/// How it is known that people reach the unit by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The person who uploads came this way.
    Now,
    /// It is among the names that were set.
    Set,
    /// It is an address of the unit.
    Address,
}

/// A name that people reach the unit by, and whether the certificate covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameCovered {
    /// The host name or address.
    pub name: String,
    /// How it is known.
    pub way: Way,
    /// The subject alternative name that covers it; `None` where browsers will warn.
    pub by: Option<String>,
}

impl Unit {
    /// Every name and address that people reach the unit by, as far as it knows: the
    /// names that were set, and its addresses, but for those that only the unit itself
    /// reaches.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn reached_by(&self) -> Result<Vec<ServerName>, Error> {
        let ways = self.ways(&self.store.snapshot()?, &[])?;
        let from_outside = |name: &ServerName| match name {
            ServerName::Ip(ip) => !ip.is_loopback() && !ip.is_unspecified(),
            _ => true,
        };
        let names = ways.into_iter().map(|(_, name)| name);
        Ok(names.filter(from_outside).collect())
    }

    /// Every name and address that people reach the unit by, each once.
    pub(super) fn ways(
        &self,
        records: &impl Records,
        reached_as: &[ServerName],
    ) -> Result<Vec<(Way, ServerName)>, Error> {
        let set = settings::stored(records)?.names;
        let set = set.iter().filter_map(|name| ServerName::parse(name).ok());
        let addresses = self.environment.addresses();
        let all = reached_as.iter().cloned().map(|name| (Way::Now, name));
        let all = all.chain(set.map(|name| (Way::Set, name)));
        let all = all.chain(addresses.into_iter().map(|ip| (Way::Address, ip.into())));
        let mut ways: Vec<(Way, ServerName)> = Vec::new();
        for (way, name) in all {
            if !ways.iter().any(|(_, known)| *known == name) {
                ways.push((way, name));
            }
        }
        Ok(ways)
    }
}

impl Review {
    /// Every name and address that people reach the unit by, and whether the
    /// certificate covers it; empty where there is no certificate for the unit.
    #[must_use]
    pub fn names_covered(&self) -> Vec<NameCovered> {
        let leaf = self.verdict.chain.first();
        let Some(leaf) = leaf.and_then(|index| self.bundle.certificates.get(*index)) else {
            return Vec::new();
        };
        let ways = self.ways.iter();
        ways.map(|(way, name)| NameCovered {
            name: name.to_string(),
            way: *way,
            by: match covers(leaf.certificate(), name) {
                Coverage::Covered { by } => Some(by),
                _ => None,
            },
        })
        .collect()
    }
}
