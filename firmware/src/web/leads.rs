//! The pages that can be led to by a name: no other address is ever taken from outside.

use super::frame::places;
use super::https;

/// Every page that has a name: the name, and where the page is.
fn pages() -> impl Iterator<Item = (&'static str, String)> {
    let places = places().map(|place| (place.then(), place.path().to_owned()));
    https::named_pages().chain(places)
}

/// This name, where a page has it.
pub(super) fn known(name: &str) -> Option<&'static str> {
    pages().map(|(known, _)| known).find(|known| *known == name)
}

/// Where the page of this name is; without one, the first page.
pub(super) fn to(name: &str) -> String {
    let found = pages().find(|(known, _)| *known == name);
    found.map_or_else(|| https::HOME.into(), |(_, link)| link)
}

/// The name of the page at this path, if it has one and is not the first page anyway.
pub(super) fn name_of(path: &str) -> Option<&'static str> {
    let is_at = |link: &str| link.split('#').next() == Some(path);
    pages()
        .find(|(_, link)| path != https::HOME && is_at(link))
        .map(|(name, _)| name)
}
