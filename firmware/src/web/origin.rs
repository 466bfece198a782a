//! Where a request was made for, and from which page.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};
use cert_lifecycle::ServerName;

/// The name and port under which the browser reached the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host(String);

impl Host {
    /// Reads the `Host` header; `None` where there is not exactly one, it holds what
    /// no host has, or the request's target names another (RFC 9112 section 3.2.2).
    pub(super) fn of(headers: &HeaderMap, target: &Uri) -> Option<Self> {
        let mut all = headers.get_all(HOST).iter();
        let (Some(host), None) = (all.next(), all.next()) else {
            return None;
        };
        let host = host.to_str().ok()?;
        let named = target.authority();
        if named.is_some_and(|named| !named.as_str().eq_ignore_ascii_case(host)) {
            return None;
        }
        let usual = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
        (!host.is_empty() && host.len() <= 255 && host.bytes().all(usual))
            .then(|| Self(host.to_owned()))
    }

    /// What stands in for the host of a request that names none.
    pub(super) fn unknown() -> Self {
        Self("unit".into())
    }

    /// The host as the unit's names are compared; `None` where it is none.
    pub(super) fn server_name(&self) -> Option<ServerName> {
        ServerName::parse(self.name()).ok()
    }

    /// The host name or address, without port and brackets.
    pub(super) fn name(&self) -> &str {
        if let Some((address, _)) = self
            .0
            .strip_prefix('[')
            .and_then(|host| host.split_once(']'))
        {
            return address;
        }
        self.0
            .rsplit_once(':')
            .map_or(self.0.as_str(), |(name, _)| name)
    }
}

/// Whether a request that changes something was made by a page of this unit, as
/// far as the browser says: `Origin` (RFC 6454) and `Sec-Fetch-Site` (W3C Fetch
/// Metadata) must agree with `host` where they are present.
pub(super) fn is_own(headers: &HeaderMap, host: &Host) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let same_origin = origins.all(|origin| {
        let authority = origin.as_bytes().strip_prefix(b"https://");
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.0.as_bytes()))
    });
    let mut sites = headers.get_all("sec-fetch-site").iter();
    same_origin && sites.all(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header value"));
        }
        headers
    }

    fn host_of(lines: &[(&'static str, &str)], target: &'static str) -> Option<Host> {
        Host::of(&headers(lines), &Uri::from_static(target))
    }

    #[test]
    fn the_name_of_a_host_has_no_port_and_no_brackets() {
        for (host, name) in [
            ("ntp1.example.net", "ntp1.example.net"),
            ("ntp1.example.net:8443", "ntp1.example.net"),
            ("10.0.0.7:443", "10.0.0.7"),
            ("[2001:db8::7]:8443", "2001:db8::7"),
            ("[::1]", "::1"),
        ] {
            let found = host_of(&[("host", host)], "/").expect("a host");
            assert_eq!(found.name(), name, "{host}");
        }
    }

    #[test]
    fn what_no_host_has_is_none() {
        assert_eq!(host_of(&[], "/"), None);
        assert_eq!(host_of(&[("host", "a"), ("host", "b")], "/"), None);
        for host in ["", "a b", "a/b", "a@b", "<script>", "\"", &"a".repeat(256)] {
            assert_eq!(host_of(&[("host", host)], "/"), None, "{host}");
        }
    }

    #[test]
    fn a_target_that_names_another_host_is_none() {
        let host = [("host", "ntp1.example.net")];
        assert!(host_of(&host, "https://NTP1.example.net/").is_some());
        for target in ["https://evil.example/", "https://ntp1.example.net:1/"] {
            assert_eq!(host_of(&host, target), None, "{target}");
        }
    }

    #[track_caller]
    fn check(lines: &[(&'static str, &str)], own: bool) {
        let host = Host("ntp1.example.net:8443".into());
        assert_eq!(is_own(&headers(lines), &host), own, "{lines:?}");
    }

    #[test]
    fn only_a_page_of_the_unit_may_change_something() {
        check(&[("origin", "https://ntp1.example.net:8443")], true);
        check(
            &[
                ("origin", "https://NTP1.example.net:8443"),
                ("sec-fetch-site", "same-origin"),
            ],
            true,
        );
        check(&[("sec-fetch-site", "none")], true);
        check(&[("origin", "http://ntp1.example.net:8443")], false);
        check(&[("origin", "https://ntp1.example.net")], false);
        check(&[("origin", "https://ntp1.example.net:8444")], false);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(
            &[
                ("origin", "https://ntp1.example.net:8443"),
                ("sec-fetch-site", "cross-site"),
            ],
            false,
        );
    }

    #[test]
    fn a_client_that_is_no_browser_says_nothing_and_is_not_refused() {
        check(&[], true);
    }
}
