//! The country of a subject.

use core::fmt;

use crate::country_table::COUNTRIES;
use crate::{Error, Typed};

/// A two-letter country code of ISO 3166-1, as `countryName` wants it.
///
/// One code beyond the standard's is taken: "UK", because the administrators
/// of Britain have always typed it. [`advice`](Self::advice) then offers "GB".
///
/// ```
/// use pki_core::CountryCode;
///
/// assert_eq!(CountryCode::parse("fr")?.as_str(), "FR");
/// assert!(CountryCode::parse("UK")?.advice().is_some());
/// assert_eq!(
///     CountryCode::parse("Germany").unwrap_err().to_string(),
///     r#""Germany" is the name of a country. Type its two-letter code, "DE"."#,
/// );
/// # Ok::<(), pki_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryCode(&'static str);

impl CountryCode {
    const UK: &'static str = "UK";

    /// Takes a code in capital or small letters, with or without white space
    /// around it.
    ///
    /// # Errors
    ///
    /// - [`Error::CountryName`] when it is a country's name.
    /// - [`Error::CountryCode`] when it is anything else that is no code.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let text = typed.trim();
        if text.eq_ignore_ascii_case(Self::UK) {
            return Ok(Self(Self::UK));
        }
        if let Some((code, _)) = COUNTRIES
            .iter()
            .find(|(code, _)| code.eq_ignore_ascii_case(text))
        {
            return Ok(Self(code));
        }
        let typed = Typed::new(text);
        match COUNTRIES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
        {
            Some((code, _)) => Err(Error::CountryName {
                typed,
                code: Self(code),
            }),
            None => Err(Error::CountryCode { typed }),
        }
    }

    /// Every country with its name in English, ordered by code: what a form can
    /// offer to choose from.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        COUNTRIES.iter().map(|(code, name)| (Self(code), *name))
    }

    /// Two capital letters.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.0
    }

    /// What to tell the person who chose this code, if anything.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        (self.0 == Self::UK).then_some(
            "ISO 3166-1 has \"GB\" for the United Kingdom. Some CAs refuse \"UK\"; type \"GB\" \
             unless yours asks for \"UK\".",
        )
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_country_once_and_in_order() {
        assert_eq!(COUNTRIES.len(), 249);
        assert!(COUNTRIES.is_sorted_by(|(a, _), (b, _)| a < b));
        for (code, name) in COUNTRIES {
            assert!(
                code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()),
                "{code}"
            );
            assert_eq!(CountryCode::parse(code).unwrap().as_str(), *code);
            assert_eq!(
                CountryCode::parse(&code.to_ascii_lowercase())
                    .unwrap()
                    .as_str(),
                *code
            );
            assert!(matches!(
                CountryCode::parse(name),
                Err(Error::CountryName { code: offered, .. }) if offered.0 == *code
            ));
        }
    }

    #[test]
    fn what_is_no_country_is_refused() {
        for typed in [
            "", "U", "USA", "XX", "EU", "AN", "F R", "ＦＲ", "F\u{0}", "--", "42",
        ] {
            assert!(
                matches!(CountryCode::parse(typed), Err(Error::CountryCode { .. })),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn only_uk_has_advice() {
        let with_advice = CountryCode::all()
            .filter(|(code, _)| code.advice().is_some())
            .count();
        assert_eq!(with_advice, 0);
        assert!(CountryCode::parse("uk").unwrap().advice().is_some());
    }
}
