//! What the browser posted becomes a [`RequestForm`].

use cert_lifecycle::{
    DirectoryRow, Field, NAMES_MAX, NameRow, ORGANIZATIONAL_UNITS_MAX, Preflight, RequestForm,
    SubjectAltNameKind,
};

use crate::web::form::Form;

/// What is to happen with the form that was posted. It is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then<'a> {
    /// One more organizational unit.
    AddUnit,
    /// One more name.
    AddName,
    /// The name in this row, from 0, goes.
    DeleteName(usize),
    /// Another page, by its name in the form.
    Go(&'a str),
    /// The key and the request are made.
    Make,
}

impl<'a> Then<'a> {
    /// Reads which button was pressed.
    pub(super) fn of(form: &'a Form) -> Self {
        match form.text("then") {
            "" | "make" => Self::Make,
            "add-unit" => Self::AddUnit,
            "add-name" => Self::AddName,
            other => other
                .strip_prefix("delete-name-")
                .and_then(|row| row.parse().ok())
                .map_or(Self::Go(other), Self::DeleteName),
        }
    }
}

/// What was typed, with the secrets of `kept` where none were typed.
///
/// Rows in which nothing was typed are passed over; `then` adds or removes one.
pub(super) fn read(form: &Form, kept: RequestForm, then: Then<'_>) -> RequestForm {
    let mut names = rows(form);
    if let Then::DeleteName(row) = then
        && row < names.len()
    {
        names.remove(row);
    }
    names.retain(is_filled);
    let units = form
        .texts("organizational_unit")
        .filter(|unit| !unit.trim().is_empty());
    // One more than fit, so that the form can say that they do not.
    let mut units: Vec<String> = units
        .take(ORGANIZATIONAL_UNITS_MAX + 1)
        .map(ToOwned::to_owned)
        .collect();
    match then {
        Then::AddName if names.len() <= NAMES_MAX => {
            names.push(NameRow::new(SubjectAltNameKind::Dns));
        }
        Then::AddUnit if units.len() <= ORGANIZATIONAL_UNITS_MAX => units.push(String::new()),
        _ => {}
    }
    let mut read = RequestForm {
        self_signed: form.text("self_signed") == "yes",
        organizational_units: units,
        names,
        omit_names: form.has("omit_names"),
        preflight: Preflight::Required,
        ..kept
    };
    for field in Field::ALL {
        match field {
            Field::OrganizationalUnit => {}
            field if field.is_secret() => set_secret(form, field, &mut read),
            field => read.set(field, form.text(field.name())),
        }
    }
    read
}

/// What was typed now; otherwise what was kept stays, unless it is to be forgotten.
fn set_secret(form: &Form, field: Field, read: &mut RequestForm) {
    let typed = form.text(field.name());
    if !typed.is_empty() || form.has(&format!("forget_{}", field.name())) {
        read.set(field, typed);
    }
}

/// The rows of further names, one more than fit at most.
fn rows(form: &Form) -> Vec<NameRow> {
    let column = |name: &str| -> Vec<&str> { form.texts(name).collect() };
    let kinds = column("name_type");
    let values = column("name_value");
    let countries = column("name_country");
    let organizations = column("name_organization");
    let units = column("name_organizational_unit");
    let common_names = column("name_common_name");
    let at = |column: &[&str], row: usize| (*column.get(row).unwrap_or(&"")).to_owned();
    (0..kinds.len().max(values.len()).min(NAMES_MAX + 1))
        .map(|row| NameRow {
            kind: at(&kinds, row).parse().unwrap_or(SubjectAltNameKind::Dns),
            value: at(&values, row),
            directory: DirectoryRow {
                country: at(&countries, row),
                organization: at(&organizations, row),
                organizational_unit: at(&units, row),
                common_name: at(&common_names, row),
            },
        })
        .collect()
}

fn is_filled(row: &NameRow) -> bool {
    *row != NameRow::new(row.kind)
}

/// Where on the page the rows stand that [`read`] takes.
pub(super) fn filled_rows(form: &Form) -> Vec<usize> {
    let rows = rows(form).into_iter().enumerate();
    rows.filter(|(_, row)| is_filled(row))
        .map(|(place, _)| place)
        .collect()
}

/// The one row of the page that adds or edits a name.
pub(super) fn row(form: &Form) -> NameRow {
    rows(form)
        .into_iter()
        .next()
        .unwrap_or_else(|| NameRow::new(SubjectAltNameKind::Dns))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn posted(body: &str) -> Form {
        Form::parse("application/x-www-form-urlencoded", body.as_bytes()).expect("a form")
    }

    fn read_from(body: &str, kept: RequestForm) -> RequestForm {
        let form = posted(body);
        read(&form, kept, Then::of(&form))
    }

    #[test]
    fn every_field_of_the_page_reaches_the_form() {
        let form = read_from(
            "self_signed=yes&signature_algorithm=SHA-384&pass_phrase=abcd&key_type=RSA&key_bits=4096\
             &country=FR&state=s&locality=l&organization=o&organizational_unit=a\
             &organizational_unit=+&organizational_unit=b&common_name=ntp1&email=e%40x\
             &challenge_password=c&optional_organization=oo&days=10&omit_names=yes",
            RequestForm::default(),
        );
        assert!(form.self_signed && form.omit_names);
        assert_eq!(form.signature_algorithm, "SHA-384");
        assert_eq!(
            (form.key_type.as_str(), form.key_bits.as_str()),
            ("RSA", "4096")
        );
        assert_eq!((form.country.as_str(), form.state.as_str()), ("FR", "s"));
        assert_eq!(
            (form.locality.as_str(), form.organization.as_str()),
            ("l", "o")
        );
        assert_eq!(form.organizational_units, ["a", "b"]);
        assert_eq!(
            (form.common_name.as_str(), form.email.as_str()),
            ("ntp1", "e@x")
        );
        assert_eq!(form.optional_organization, "oo");
        assert_eq!(form.days, "10");
        assert_eq!(
            (form.pass_phrase.as_str(), form.challenge_password.as_str()),
            ("abcd", "c")
        );
    }

    const ROWS: &str = "name_type=DNS&name_value=a&name_country=&name_organization=\
        &name_organizational_unit=&name_common_name=\
        &name_type=dirName&name_value=&name_country=FR&name_organization=O\
        &name_organizational_unit=U&name_common_name=C\
        &name_type=IP&name_value=10.0.0.7";

    #[test]
    fn the_columns_of_the_names_become_rows() {
        let form = read_from(ROWS, RequestForm::default());
        let directory = DirectoryRow {
            country: "FR".into(),
            organization: "O".into(),
            organizational_unit: "U".into(),
            common_name: "C".into(),
        };
        let expected = [
            NameRow {
                value: "a".into(),
                ..NameRow::new(SubjectAltNameKind::Dns)
            },
            NameRow {
                directory,
                ..NameRow::new(SubjectAltNameKind::Directory)
            },
            NameRow {
                value: "10.0.0.7".into(),
                ..NameRow::new(SubjectAltNameKind::Ip)
            },
        ];
        assert_eq!(form.names, expected);
    }

    #[test]
    fn buttons_add_and_delete_rows_and_keep_the_others() {
        let kinds = |then: &str| {
            let form = read_from(&format!("{ROWS}&then={then}"), RequestForm::default());
            form.names
                .iter()
                .map(|row| row.kind.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds("delete-name-1"), ["DNS", "IP"]);
        assert_eq!(kinds("delete-name-7"), ["DNS", "dirName", "IP"]);
        assert_eq!(kinds("add-name"), ["DNS", "dirName", "IP", "DNS"]);
        assert_eq!(kinds("make"), ["DNS", "dirName", "IP"]);
        let form = read_from(
            "organizational_unit=a&then=add-unit",
            RequestForm::default(),
        );
        assert_eq!(form.organizational_units, ["a", ""]);
    }

    #[test]
    fn rows_in_which_nothing_was_typed_are_passed_over() {
        let form = read_from(
            "name_type=URI&name_value=&organizational_unit=",
            RequestForm::default(),
        );
        assert!(form.names.is_empty() && form.organizational_units.is_empty());
    }

    #[test]
    fn more_rows_than_fit_are_bounded_and_still_said_to_be_too_many() {
        let names = read_from(&"name_value=a&".repeat(200), RequestForm::default()).names;
        assert_eq!(names.len(), NAMES_MAX + 1);
        let form = read_from(
            &"organizational_unit=a&".repeat(200),
            RequestForm::default(),
        );
        assert_eq!(
            form.organizational_units.len(),
            ORGANIZATIONAL_UNITS_MAX + 1
        );
    }

    #[test]
    fn a_secret_is_kept_until_another_is_typed_or_it_is_to_be_forgotten() {
        let kept = || RequestForm {
            pass_phrase: Zeroizing::new("old".into()),
            ..RequestForm::default()
        };
        assert_eq!(
            read_from("pass_phrase=", kept()).pass_phrase.as_str(),
            "old"
        );
        assert_eq!(read_from("", kept()).pass_phrase.as_str(), "old");
        assert_eq!(
            read_from("pass_phrase=new", kept()).pass_phrase.as_str(),
            "new"
        );
        assert_eq!(
            read_from("pass_phrase=&forget_pass_phrase=yes", kept())
                .pass_phrase
                .as_str(),
            ""
        );
    }

    #[test]
    fn the_button_says_what_happens_next() {
        for (body, then) in [
            ("", Then::Make),
            ("then=make", Then::Make),
            ("then=add-name", Then::AddName),
            ("then=add-unit", Then::AddUnit),
            ("then=delete-name-12", Then::DeleteName(12)),
            ("then=delete-name-x", Then::Go("delete-name-x")),
            ("then=names", Then::Go("names")),
        ] {
            assert_eq!(Then::of(&posted(body)), then, "{body}");
        }
    }
}
