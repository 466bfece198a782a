//! Forms as a person fills them: by the names of their fields, with what the page
//! has put there already.

use anyhow::{Context as _, Result, bail, ensure};

use crate::html::Element;

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    action: String,
    post: bool,
    multipart: bool,
    controls: Vec<Control>,
}

#[derive(Debug, Clone)]
struct Control {
    name: String,
    kind: Kind,
    value: Vec<u8>,
    file_name: Option<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    Button,
    /// A checkbox or a radio button.
    Choice {
        checked: bool,
        radio: bool,
    },
    File,
    Hidden,
    /// A list, with the values it offers.
    List(Vec<String>),
    Text,
}

/// A form that was sent: where, and what with.
pub(crate) struct Submission {
    pub(crate) path: String,
    pub(crate) post: bool,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Form {
    /// The one form of `page` that has an action ending so.
    pub fn find(page: &Element, action: &str) -> Result<Self> {
        let ends = |form: &&Element| {
            form.attribute("action")
                .unwrap_or_default()
                .ends_with(action)
        };
        let forms: Vec<&Element> = page.all("form").into_iter().filter(ends).collect();
        match forms.as_slice() {
            [form] => Self::read(page, form),
            _ => bail!(
                "{} forms lead to {action}; the page says: {}",
                forms.len(),
                page.text()
            ),
        }
    }

    /// A form that no page shows, as somebody makes it who wants what the pages do not
    /// offer.
    #[must_use]
    pub fn handmade(action: &str, fields: &[(&str, &str)]) -> Self {
        let controls = fields.iter().map(|(name, value)| Control {
            name: (*name).into(),
            kind: Kind::Hidden,
            value: (*value).into(),
            file_name: None,
        });
        Self {
            action: action.into(),
            post: true,
            multipart: false,
            controls: controls.collect(),
        }
    }

    fn read(page: &Element, form: &Element) -> Result<Self> {
        let id = form.attribute("id");
        let mut elements = form.find_all(|element| element.attribute("form").is_none());
        // Fields elsewhere on the page may belong to it by its id.
        elements.extend(page.find_all(|element| id.is_some() && element.attribute("form") == id));
        let mut controls = Vec::new();
        for element in elements {
            controls.extend(Control::read(element)?);
        }
        Ok(Self {
            action: form.attribute("action").unwrap_or_default().to_owned(),
            post: form
                .attribute("method")
                .is_some_and(|method| method.eq_ignore_ascii_case("post")),
            multipart: form.attribute("enctype") == Some("multipart/form-data"),
            controls,
        })
    }

    /// Writes into the field of this name, or chooses this value of it.
    pub fn fill(&mut self, name: &str, value: &str) -> Result<()> {
        self.fill_nth(name, 0, value)
    }

    /// Writes into the field of this name in this row, counted from 0.
    pub fn fill_nth(&mut self, name: &str, row: usize, value: &str) -> Result<()> {
        let radio = |control: &Control| matches!(control.kind, Kind::Choice { radio: true, .. });
        if self.named(name).any(|control| radio(control)) {
            return self.choose(name, value);
        }
        let control = self.named(name).nth(row);
        let control = control.with_context(|| format!("no field {name} in row {row}"))?;
        match &control.kind {
            Kind::List(offered) => {
                let is_offered = offered.iter().any(|choice| choice == value);
                ensure!(is_offered, "{name} offers {offered:?}, not {value:?}");
            }
            Kind::Text => {}
            other => bail!("{name} cannot be written into: {other:?}"),
        }
        control.value = value.into();
        Ok(())
    }

    /// Ticks the box of this name.
    pub fn tick(&mut self, name: &str) -> Result<()> {
        for control in self.named(name) {
            if let Kind::Choice {
                checked,
                radio: false,
            } = &mut control.kind
            {
                *checked = true;
                return Ok(());
            }
        }
        bail!("there is no box {name}")
    }

    /// Chooses a file for the field of this name.
    pub fn attach(&mut self, name: &str, file_name: &str, octets: &[u8]) -> Result<()> {
        ensure!(
            self.multipart,
            "a form with a file has to be multipart/form-data"
        );
        let control = self
            .named(name)
            .next()
            .with_context(|| format!("no field {name}"))?;
        ensure!(matches!(control.kind, Kind::File), "{name} takes no file");
        control.value = octets.into();
        control.file_name = Some(file_name.to_owned());
        Ok(())
    }

    /// The names of all fields, in the order of the page; one may come again.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.controls.iter().map(|control| control.name.as_str())
    }

    /// What stands in the fields of this name now.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<String> {
        let named = self.controls.iter().filter(|control| control.name == name);
        let sent = named.filter(|control| control.is_sent());
        sent.map(|control| String::from_utf8_lossy(&control.value).into_owned())
            .collect()
    }

    fn choose(&mut self, name: &str, value: &str) -> Result<()> {
        let mut found = false;
        for control in self.named(name) {
            if let Kind::Choice { checked, .. } = &mut control.kind {
                *checked = control.value == value.as_bytes();
                found |= *checked;
            }
        }
        ensure!(found, "{name} does not offer {value:?}");
        Ok(())
    }

    fn named<'a>(&'a mut self, name: &'a str) -> impl Iterator<Item = &'a mut Control> {
        self.controls
            .iter_mut()
            .filter(move |control| control.name == name)
    }

    /// The form as sent by its only button, or by Enter.
    pub(crate) fn submission(&self) -> Submission {
        self.encode(
            self.controls
                .iter()
                .filter(|control| control.is_sent())
                .collect(),
        )
    }

    /// The form as sent by the button of this name and value.
    pub(crate) fn submission_by(&self, name: &str, value: &str) -> Result<Submission> {
        let pressed = |control: &Control| {
            matches!(control.kind, Kind::Button)
                && control.name == name
                && control.value == value.as_bytes()
        };
        ensure!(
            self.controls.iter().any(pressed),
            "there is no button {name}={value}"
        );
        let sent = |control: &&Control| control.is_sent() || pressed(control);
        Ok(self.encode(self.controls.iter().filter(sent).collect()))
    }

    fn encode(&self, sent: Vec<&Control>) -> Submission {
        let (content_type, body) = if self.multipart {
            let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
            (content_type, multipart(&sent))
        } else {
            (
                "application/x-www-form-urlencoded".into(),
                urlencoded(&sent).into_bytes(),
            )
        };
        Submission {
            path: self.action.clone(),
            post: self.post,
            content_type,
            body,
        }
    }
}

impl Control {
    /// The field that `element` is, if it is one that can be sent.
    fn read(element: &Element) -> Result<Option<Self>> {
        let disabled = element.attribute("disabled").is_some();
        let (Some(name), false) = (element.attribute("name"), disabled) else {
            return Ok(None);
        };
        let of_value = || element.attribute("value").unwrap_or_default().to_owned();
        let (kind, value) = match (element.tag(), element.attribute("type")) {
            ("button", None | Some("submit")) | ("input", Some("submit")) => {
                (Kind::Button, of_value())
            }
            ("input", Some(kind @ ("checkbox" | "radio"))) => {
                let checked = element.attribute("checked").is_some();
                let value = element.attribute("value").unwrap_or("on").to_owned();
                (
                    Kind::Choice {
                        checked,
                        radio: kind == "radio",
                    },
                    value,
                )
            }
            ("input", Some("file")) => (Kind::File, String::new()),
            ("input", Some("hidden")) => (Kind::Hidden, of_value()),
            ("input", _) => (Kind::Text, of_value()),
            ("textarea", _) => {
                let text = element.raw_text();
                (
                    Kind::Text,
                    text.strip_prefix('\n').unwrap_or(&text).to_owned(),
                )
            }
            ("select", _) => list(element)?,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            name: name.into(),
            kind,
            value: value.into(),
            file_name: None,
        }))
    }

    fn is_sent(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Button | Kind::Choice { checked: false, .. }
        )
    }
}

fn list(element: &Element) -> Result<(Kind, String)> {
    let options = element.all("option");
    let value = |option: &Element| {
        option
            .attribute("value")
            .map_or_else(|| option.text(), ToOwned::to_owned)
    };
    let selected = options
        .iter()
        .find(|option| option.attribute("selected").is_some());
    let selected = selected
        .or(options.first())
        .context("a list offers nothing")?;
    Ok((
        Kind::List(options.iter().map(|option| value(option)).collect()),
        value(selected),
    ))
}

const BOUNDARY: &str = "----acceptance-7d1f0c52ab";

fn multipart(sent: &[&Control]) -> Vec<u8> {
    let mut body = Vec::new();
    for control in sent {
        let name = &control.name;
        let mut head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if matches!(control.kind, Kind::File) {
            let file_name = control.file_name.as_deref().unwrap_or_default();
            head +=
                &format!("; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream");
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&control.value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn urlencoded(sent: &[&Control]) -> String {
    let pair = |control: &&Control| {
        format!(
            "{}={}",
            percent(control.name.as_bytes()),
            percent(&control.value)
        )
    };
    sent.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn percent(octets: &[u8]) -> String {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._*".contains(octet);
    octets
        .iter()
        .map(|octet| {
            if plain(octet) {
                char::from(*octet).to_string()
            } else {
                format!("%{octet:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<form id=f action=/a method=post>\
        <input name=csrf type=hidden value=1><input name=n value='a &amp; b'>\
        <input type=checkbox name=box><input type=radio name=r value=1 checked>\
        <input type=radio name=r value=2><select name=s><option>x</option>\
        <option value=y selected>Y</option></select><textarea name=t>\nline</textarea><input name=off disabled>\
        <button name=then value=go>Go</button></form><button form=f name=then value=out></button>";

    fn body(submission: Submission) -> String {
        String::from_utf8(submission.body).expect("text")
    }

    #[test]
    fn a_form_is_sent_as_a_browser_sends_it() {
        let mut form = Form::find(&Element::parse(PAGE).expect("HTML"), "/a").expect("the form");
        assert_eq!(
            body(form.submission()),
            "csrf=1&n=a%20%26%20b&r=1&s=y&t=line"
        );
        form.fill("n", "é").expect("a field");
        form.fill("r", "2").expect("a choice");
        form.fill("s", "x").expect("a choice");
        form.tick("box").expect("a box");
        let sent = form.submission_by("then", "out").expect("a button");
        assert_eq!(body(sent), "csrf=1&n=%C3%A9&box=on&r=2&s=x&t=line&then=out");
    }

    #[test]
    fn what_the_page_does_not_offer_cannot_be_filled_in() {
        let mut form = Form::find(&Element::parse(PAGE).expect("HTML"), "/a").expect("the form");
        assert!(form.fill("missing", "").is_err());
        assert!(form.fill("s", "z").is_err());
        assert!(form.fill("r", "3").is_err());
        assert!(form.fill("csrf", "2").is_err());
        assert!(form.submission_by("then", "stay").is_err());
    }
}
