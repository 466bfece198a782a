//! What changed from one request to the next, side by side.

use cert_lifecycle::RequestView;

use crate::web::times::Moment;

/// One field of two requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) field: String,
    pub(super) was: String,
    pub(super) is: String,
}

impl Change {
    pub(super) fn changed(&self) -> bool {
        self.was != self.is
    }
}

/// Every field of `this` beside that of the one made before it.
pub(super) fn between(before: &RequestView, this: &RequestView) -> Vec<Change> {
    let change = |field: &str, value: fn(&RequestView) -> String| Change {
        field: field.into(),
        was: value(before),
        is: value(this),
    };
    let mut rows = vec![change("Made", |request| {
        Moment(request.made_at).to_string()
    })];
    let mut fields: Vec<&str> = Vec::new();
    for (field, _) in before.fields.iter().chain(&this.fields) {
        if !fields.contains(&field.as_str()) {
            fields.push(field);
        }
    }
    rows.extend(fields.into_iter().map(|field| Change {
        field: field.into(),
        was: values(before, field),
        is: values(this, field),
    }));
    rows.push(change("Names", |request| request.names.join(", ")));
    rows.push(change("Key", |request| request.public_key.clone()));
    rows.push(change("Signature", |request| {
        request.signature_algorithm.clone()
    }));
    rows.push(change("Key's fingerprint", |request| {
        request.key.fingerprint()
    }));
    rows
}

fn values(request: &RequestView, field: &str) -> String {
    let fields = request.fields.iter();
    let values: Vec<&str> = fields
        .filter(|(name, _)| name == field)
        .map(|(_, value)| value.as_str())
        .collect();
    values.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_from_what_stayed() {
        let row = |was: &str, is: &str| Change {
            field: "Names".into(),
            was: was.into(),
            is: is.into(),
        };
        assert!(row("DNS: a", "DNS: b").changed());
        assert!(!row("DNS: a", "DNS: a").changed());
    }
}
