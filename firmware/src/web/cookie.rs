//! The one cookie: the session's token.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use crate::access::SessionToken;

/// The prefix `__Host-` binds the cookie to this host, to HTTPS and to the whole
/// site (RFC 6265bis section 4.1.3.2).
const NAME: &str = "__Host-countersign";

/// The token of the session that the browser says it has.
pub(super) fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, token)| (name == NAME).then_some(token))
}

/// The value of `Set-Cookie` that hands `token` to the browser.
pub(super) fn handing_over(token: &SessionToken) -> HeaderValue {
    let cookie = Zeroizing::new(format!(
        "{NAME}={}; Path=/; Secure; HttpOnly; SameSite=Strict",
        token.expose()
    ));
    let mut value = HeaderValue::from_str(&cookie).expect("a token is hexadecimal digits");
    value.set_sensitive(true);
    value
}

/// The value of `Set-Cookie` that takes the token back.
pub(super) fn taking_back() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-countersign=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cookies: &[&'static str], token: Option<&str>) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_static(cookie));
        }
        assert_eq!(session_token(&headers), token, "{cookies:?}");
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        check(&[], None);
        check(&["__Host-countersign=abc"], Some("abc"));
        check(&["a=b; __Host-countersign=abc; c=d"], Some("abc"));
        check(&["a=b", "c=d;__Host-countersign=abc"], Some("abc"));
        check(&["__Host-countersign="], Some(""));
    }

    #[test]
    fn a_cookie_of_a_similar_name_is_not_the_token() {
        check(&["countersign=abc"], None);
        check(&["__host-countersign=abc"], None);
        check(&["x__Host-countersign=abc"], None);
        check(&["__Host-countersign"], None);
    }

    #[test]
    fn the_cookie_taken_back_is_the_one_handed_over() {
        let taken = taking_back();
        assert!(
            taken
                .to_str()
                .expect("text")
                .starts_with(&format!("{NAME}=;"))
        );
    }
}
