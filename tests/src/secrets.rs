//! Everything that the unit has let out, and a search for what it must not.

use std::sync::{Arc, Mutex, PoisonError};

use base64ct::{Base64, Encoding as _};

use crate::http::Response;

/// All that the unit has shown, printed or written. Clones share it.
#[derive(Clone, Default)]
pub struct Transcript(Arc<Mutex<Vec<Part>>>);

struct Part {
    /// Where it came from.
    origin: String,
    octets: Vec<u8>,
}

/// A secret that was planted, in the ways in which it may come out.
pub struct Canary {
    name: &'static str,
    secret: Vec<u8>,
    in_base64: bool,
}

impl Transcript {
    /// Adds what came from `origin`.
    pub fn add(&self, origin: impl Into<String>, octets: impl Into<Vec<u8>>) {
        let part = Part {
            origin: origin.into(),
            octets: octets.into(),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part);
    }

    /// Adds an answer. The header that hands over a session is left out, for there
    /// the token belongs.
    pub(crate) fn add_response(&self, path: &str, response: &Response) {
        let shown = response
            .headers
            .iter()
            .filter(|(name, _)| name != "set-cookie");
        let headers: String = shown
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        self.add(format!("the headers of {path}"), headers);
        self.add(path, response.body.clone());
    }

    /// How many parts there are whose origin contains `origin`.
    #[must_use]
    pub fn count(&self, origin: &str) -> usize {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts
            .iter()
            .filter(|part| part.origin.contains(origin))
            .count()
    }

    /// Everything whose origin is `origin`, as text, a line a part.
    #[must_use]
    pub fn text_of(&self, origin: &str) -> String {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = parts.iter().filter(|part| part.origin == origin);
        let texts = texts.map(|part| String::from_utf8_lossy(&part.octets).into_owned());
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Where the canaries were found: lines such as "the pass phrase in /login".
    #[must_use]
    pub fn find(&self, canaries: &[Canary]) -> Vec<String> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for part in parts.iter() {
            let has = canaries.iter().filter(|canary| canary.is_in(&part.octets));
            found.extend(has.map(|canary| format!("{} in {}", canary.name, part.origin)));
        }
        found
    }
}

impl Canary {
    /// A secret that must not come out as it is, in hexadecimal or in base64.
    pub fn new(name: &'static str, secret: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            secret: secret.into(),
            in_base64: true,
        }
    }

    /// A secret that the base64 of a certificate request holds by its standard, and
    /// that must not come out as it is or in hexadecimal.
    pub fn within_requests(name: &'static str, secret: impl Into<Vec<u8>>) -> Self {
        Self {
            in_base64: false,
            ..Self::new(name, secret)
        }
    }

    fn is_in(&self, octets: &[u8]) -> bool {
        let hexadecimal: String = self
            .secret
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        // Line breaks and the colons of fingerprints part what belongs together.
        let joined: Vec<u8> = octets
            .iter()
            .copied()
            .filter(|octet| !octet.is_ascii_whitespace() && *octet != b':')
            .collect();
        contains(octets, &self.secret)
            || contains(&joined.to_ascii_lowercase(), hexadecimal.as_bytes())
            || (self.in_base64 && self.base64().any(|text| contains(&joined, text.as_bytes())))
    }

    /// The characters that encode nothing but the secret, for each of the three ways
    /// in which it can lie in the encoded octets.
    fn base64(&self) -> impl Iterator<Item = String> {
        [(0, 0), (1, 2), (2, 3)].into_iter().map(|(before, mixed)| {
            let octets = [vec![0; before], self.secret.clone()].concat();
            let whole = octets.len() * 8 / 6;
            Base64::encode_string(&octets)
                .chars()
                .take(whole)
                .skip(mixed)
                .collect()
        })
    }
}

fn contains(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let canary = Canary::new("canary", "s3cret-canary-0815");
        for (text, found) in [
            ("a s3cret-canary-0815 b", true),
            ("73336372 65742d63 616e6172 792d3038 3135", true),
            (
                "73:33:63:72:65:74:2D:63:61:6E:61:72:79:2D:30:38:31:35",
                true,
            ),
            // echo -n '…s3cret-canary-0815…' | base64, the secret after 0, 1 and 2 octets
            ("czNjcmV0LWNhbmFyeS0wODE1", true),
            ("LnMzY3JldC1jYW5hcnkt\nMDgxNS4=", true),
            ("Li5zM2NyZXQtY2FuYXJ5LTA4MTUuLg==", true),
            ("s3cret-canary-0816", false),
        ] {
            assert_eq!(canary.is_in(text.as_bytes()), found, "{text}");
        }
    }
}
