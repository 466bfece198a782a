//! The limits of what is read, in one place. Each is checked before memory is spent on what it
//! limits.

/// The longest upload that is read, in octets: 1 MiB.
///
/// A chain of four certificates is about 8 KiB.
pub const MAX_OCTETS: usize = 1024 * 1024;

/// The most certificates an upload may hold.
pub const MAX_CERTIFICATES: usize = 32;

/// The deepest nesting of ASN.1 elements that is followed.
///
/// A certificate has 6 levels; a certificate in PKCS#7 has 10.
pub const MAX_DEPTH: usize = 24;

/// The most ASN.1 elements that are looked at in one upload.
///
/// This one number bounds both the time a hostile upload can take and the memory its parsed form
/// can fill. A certificate has 60 to 280 elements, so 32 usual ones take less than half of it.
pub const MAX_ELEMENTS: usize = 8_192;

/// The longest OBJECT IDENTIFIER that is read, in octets.
///
/// The longest in use have a dozen; RFC 5280 appendix B asks for 20 elements.
pub const MAX_OID_OCTETS: usize = 39;
