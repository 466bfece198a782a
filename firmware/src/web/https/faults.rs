//! What is said of a field finds its place on the page.

use cert_lifecycle::{Field, FieldMessage};

/// What is said of the fields, by their ids.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

/// What is said of one field.
pub(super) struct Fault {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) message: String,
}

impl Faults {
    /// In the order of the page, so that they are met in the order they are listed.
    pub(super) fn new(mut messages: Vec<FieldMessage>) -> Self {
        messages.sort_by_key(|said| place(said.field));
        let faults = messages.into_iter().map(|said| Fault {
            id: id(said.field),
            label: match said.field {
                Field::Name(row) => format!("{} {}", said.field.label(), row + 1),
                field => field.label().into(),
            },
            message: said.message,
        });
        Self(faults.collect())
    }

    pub(super) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// What is said of this field.
    pub(super) fn of(&self, id: &str) -> Vec<&str> {
        let faults = self.0.iter().filter(|fault| fault.id == id);
        faults.map(|fault| fault.message.as_str()).collect()
    }
}

/// The `id` of a field on the page.
pub(super) fn id(field: Field) -> String {
    match field {
        Field::Name(row) => format!("{}-{row}", field.name()),
        field => field.name().into(),
    }
}

/// Where a field stands on the page, counted from the top; the further names stand after
/// the first field.
fn place(field: Field) -> (usize, usize) {
    match field {
        Field::Name(row) => (0, row + 1),
        _ => (
            Field::ALL
                .iter()
                .position(|known| *known == field)
                .unwrap_or(Field::ALL.len()),
            0,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_listed_in_the_order_of_the_page() {
        let said = |field| FieldMessage {
            field,
            message: "x".into(),
        };
        let fields = [
            Field::KeyBits,
            Field::PassPhrase,
            Field::Name(1),
            Field::Name(0),
            Field::CommonName,
        ];
        let faults = Faults::new(fields.into_iter().map(said).collect());
        let ids: Vec<_> = faults.all().iter().map(|fault| fault.id.as_str()).collect();
        assert_eq!(
            ids,
            ["common_name", "name-0", "name-1", "key_bits", "pass_phrase"]
        );
        assert_eq!(faults.of("name-1"), ["x"]);
        assert!(faults.of("country").is_empty());
    }
}
