//! Counts what the reader looks at, so that a test can bound it in operations and not in time.
//!
//! In the crate as it is used, nothing is counted.

/// Counts octets or elements that are being looked at.
#[cfg(not(test))]
pub(crate) const fn add(_: usize) {}

#[cfg(test)]
pub(crate) use counting::add;

#[cfg(test)]
mod counting {
    use core::sync::atomic::{AtomicUsize, Ordering};

    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    static LOOKED_AT: AtomicUsize = AtomicUsize::new(0);

    pub(crate) fn add(count: usize) {
        LOOKED_AT.fetch_add(count, Ordering::Relaxed);
    }

    /// How often each octet of an upload may be looked at, the README says.
    const LOOKS_PER_OCTET: usize = 16;

    fn looked_at(upload: &[u8]) -> usize {
        LOOKED_AT.store(0, Ordering::Relaxed);
        let _ = crate::read(upload, None);
        LOOKED_AT.load(Ordering::Relaxed)
    }

    /// Uploads of about `len` octets that ask for as much work as each part of the reader can do.
    fn uploads(len: usize) -> Vec<(&'static str, Vec<u8>)> {
        let filled = |part: &str| part.repeat(len / part.len()).into_bytes();
        let binary = |start: &[u8], part: &[u8]| [start, &part.repeat(len / part.len())].concat();
        let around = |inner: String| {
            format!("-----BEGIN CERTIFICATE-----\n{inner}\n-----END CERTIFICATE-----\n")
                .into_bytes()
        };
        let utf16 = |text: &str| {
            let units = text.repeat(len / 2 / text.len());
            [0xfeff]
                .into_iter()
                .chain(units.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect()
        };
        [
            ("begins", filled("-----BEGIN ")),
            ("begins of blocks", filled("-----BEGIN X-----\n")),
            ("blocks", filled("-----BEGIN X-----\n-----END X-----\n")),
            (
                "blocks in a line",
                filled("-----BEGIN X-----AAAA-----END X----- "),
            ),
            (
                "blocks among spaces",
                filled("                        -----BEGIN X-----      -----END X-----"),
            ),
            (
                "blocks with headers",
                filled("-----BEGIN X-----\na:b\n\n\nAAAA\n-----END X-----\n"),
            ),
            ("words of keys", filled("BEGIN PRIVATE KE")),
            ("hyphens", filled("-")),
            ("hyphens and ends", filled("-----END ")),
            ("line ends", around(filled_text("\r\n", len))),
            ("lines", filled("a\n")),
            ("headers", around(filled_text("a: b\n", len))),
            ("one header", around(filled_text("a:", len))),
            ("base64", around(filled_text("MIIC", len))),
            ("bare base64", filled("MIIC")),
            ("html", filled("<html>")),
            ("utf-16", utf16("-----BEGIN X-----\n-----END X-----\n")),
            ("indefinite lengths", binary(&[], &[0x30, 0x80])),
            (
                "indefinite lengths that end",
                binary(&[0x30, 0x80], &[0x30, 0x80, 0, 0]),
            ),
            ("empty elements", binary(&[0x30, 0x80], &[0x05, 0x00])),
            (
                "concatenated objects",
                binary(&[], &[0x30, 0x03, 0x0a, 0x01, 0x00]),
            ),
            ("padding", binary(&[0x30, 0x03, 0x0a, 0x01, 0x00], &[0x00])),
        ]
        .into()
    }

    fn filled_text(part: &str, len: usize) -> String {
        part.repeat(len / part.len())
    }

    /// The only test within the crate, so that no other adds to the count.
    #[test]
    fn work_grows_with_the_upload_and_not_faster() {
        for len in [1 << 12, 1 << 15, 1 << 18] {
            for (name, upload) in uploads(len - 100) {
                let looks = looked_at(&upload);
                let allowed = LOOKS_PER_OCTET * upload.len();
                assert!(
                    looks <= allowed,
                    "{name}: {looks} looks at {} octets",
                    upload.len()
                );
            }
        }
    }
}
