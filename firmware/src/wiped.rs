//! Buffers that leave nothing behind.

use zeroize::Zeroizing;

/// Sees to it that `kept` can take `more` octets without growing by itself: a `Vec`
/// that grows frees its old memory as it is, and this wipes it. It grows by doubling,
/// up to `octets_max` unless more is needed.
pub(crate) fn reserve(kept: &mut Zeroizing<Vec<u8>>, more: usize, octets_max: usize) {
    let needed = kept.len().saturating_add(more);
    if needed > kept.capacity() {
        let doubled = kept.capacity().saturating_mul(2).min(octets_max);
        let mut larger = Zeroizing::new(Vec::with_capacity(doubled.max(needed)));
        larger.extend_from_slice(kept);
        *kept = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_grows_keeps_every_octet() {
        let mut kept = Zeroizing::new(Vec::with_capacity(4));
        let mut expected = Vec::new();
        for part in [&b"abc"[..], b"", b"defgh", &[b'x'; 300], b"end"] {
            reserve(&mut kept, part.len(), 1000);
            let room = kept.capacity();
            kept.extend_from_slice(part);
            assert_eq!(kept.capacity(), room, "it grew by itself");
            expected.extend_from_slice(part);
        }
        assert_eq!(*kept, expected);
    }
}
