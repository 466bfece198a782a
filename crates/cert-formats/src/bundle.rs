//! What was read, and how it comes together.

use alloc::vec::Vec;

use crate::ber::Rules;
use crate::certificate::{self, ReadCertificate};
use crate::cms::{self, Content, SignedData};
use crate::error::Error;
use crate::format::Format;
use crate::limits::MAX_CERTIFICATES;
use crate::note::Note;
use crate::object::{self, Object};
use crate::position::Position;
use crate::tlv::{Budget, Element, Elements, Tag};
use crate::what::What;

/// The certificates of an upload, in the order in which they stand there.
///
/// Nothing has been judged: the order may be wrong, a certificate may be there twice, expired, or
/// somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bundle {
    /// What the upload was. Where blocks of both kinds stand in one file, the first decides.
    pub format: Format,
    /// At least 1 and at most [`MAX_CERTIFICATES`].
    pub certificates: Vec<ReadCertificate>,
    /// What was odd. Empty for a file as a strict writer writes it.
    pub notes: Vec<Note>,
}

/// The notes so far, each kind once.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Adds a note, unless there is one of its kind; things left aside are counted.
    pub(crate) fn add(&mut self, note: Note) {
        if let Note::ObjectsIgnored {
            what: new,
            count: more,
            ..
        } = note
        {
            for known in &mut self.0 {
                if let Note::ObjectsIgnored { what, count, .. } = known
                    && *what == new
                {
                    *count = count.saturating_add(more);
                    return;
                }
            }
        } else if self.0.iter().any(|known| known.code() == note.code()) {
            return;
        }
        self.0.push(note);
    }
}

/// Where octets came from that are read as DER.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// The upload itself.
    Binary,
    /// Base64; of a block, the line on which it begins.
    Base64 {
        line: usize,
        /// Whether it may be OpenSSL's certificate with trust settings after it.
        is_trusted: bool,
        /// Whether something that is not known is an error here, or left aside.
        must_be_known: bool,
    },
}

impl Source {
    const fn place(self, offset: usize) -> Position {
        match self {
            Self::Binary => Position::Offset(offset),
            Self::Base64 { line, .. } => Position::Offset(offset).in_block(line),
        }
    }
}

/// Gathers what is read.
#[derive(Debug)]
pub(crate) struct Builder<'b> {
    budget: &'b Budget,
    certificates: Vec<ReadCertificate>,
    format: Option<Format>,
    pub(crate) notes: Notes,
}

impl<'b> Builder<'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Self {
            budget,
            certificates: Vec::new(),
            format: None,
            notes: Notes::default(),
        }
    }

    /// Reads all objects in `der`, and says what the first of them is.
    pub(crate) fn read(&mut self, der: &[u8], source: Source) -> Result<Object, Error> {
        self.read_objects(der, source)
            .map_err(|error| match source {
                Source::Binary => error,
                Source::Base64 { line, .. } => error.in_block(line),
            })
    }

    fn read_objects(&mut self, der: &[u8], source: Source) -> Result<Object, Error> {
        let mut elements = Elements::of(der, self.budget);
        let mut first = None;
        let mut count = 0_usize;
        while !elements.rest().is_empty() {
            let rest = elements.rest();
            let position = source.place(elements.offset());
            if first.is_some()
                && rest
                    .iter()
                    .all(|octet| matches!(octet, 0 | b'\t'..=b'\r' | 0x1a | b' '))
            {
                self.notes.add(Note::TrailingOctets {
                    position,
                    octets: rest.len(),
                });
                break;
            }
            let object = object::identify(rest, self.budget);
            if let Object::Other(what @ What::PrivateKey(_)) = object {
                return Err(Error::NotACertificate(what));
            }
            if let Source::Base64 {
                line,
                is_trusted: true,
                ..
            } = source
                && first.is_some()
            {
                self.notes.add(Note::TrustSettingsIgnored { line });
                break;
            }
            let Some(element) = elements.next()? else {
                break;
            };
            self.read_object(&element, object, source)?;
            first.get_or_insert(object);
            count += 1;
        }
        if count > 1 {
            self.notes.add(Note::Concatenated { objects: count });
        }
        Ok(first.unwrap_or(Object::Unknown))
    }

    fn read_object(
        &mut self,
        element: &Element<'_>,
        object: Object,
        source: Source,
    ) -> Result<(), Error> {
        let position = source.place(element.offset);
        match object {
            Object::Certificate => {
                self.found(match source {
                    Source::Binary => Format::X509Der,
                    Source::Base64 { .. } => Format::X509Pem,
                });
                self.certificate(element, position)
            }
            Object::ContentInfo => match cms::parse(element, self.budget)? {
                Content::Other(cms_type) => {
                    self.ignore(What::Cms(cms_type), position);
                    Ok(())
                }
                Content::SignedData(signed_data) => {
                    self.found(match source {
                        Source::Binary => Format::Pkcs7Der,
                        Source::Base64 { .. } => Format::Pkcs7Pem,
                    });
                    if !element.has_der_length {
                        self.notes.add(Note::Ber { position });
                    }
                    self.signed_data(&signed_data, source, position)
                }
            },
            Object::Other(what) => {
                self.ignore(what, position);
                Ok(())
            }
            Object::Unknown => match source {
                Source::Base64 {
                    must_be_known: false,
                    ..
                } => Ok(()),
                _ => Err(Error::malformed(
                    Position::Offset(element.offset),
                    "a certificate or PKCS#7",
                    alloc::format!("{} that is neither", element.tag),
                )),
            },
        }
    }

    fn certificate(&mut self, element: &Element<'_>, position: Position) -> Result<(), Error> {
        if self.certificates.len() == MAX_CERTIFICATES {
            return Err(Error::TooManyCertificates {
                limit: MAX_CERTIFICATES,
            });
        }
        let (certificate, rules) = certificate::parse(element, self.budget)?;
        if rules == Rules::Ber {
            self.notes.add(Note::CertificateReencoded { position });
        }
        self.certificates.push(certificate);
        Ok(())
    }

    /// ```text
    /// CertificateChoices ::= CHOICE {
    ///   certificate Certificate,
    ///   extendedCertificate [0] IMPLICIT ExtendedCertificate,  -- Obsolete
    ///   v1AttrCert [1] IMPLICIT AttributeCertificateV1,        -- Obsolete
    ///   v2AttrCert [2] IMPLICIT AttributeCertificateV2,
    ///   other [3] IMPLICIT OtherCertificateFormat }
    /// ```
    fn signed_data(
        &mut self,
        signed_data: &SignedData<'_>,
        source: Source,
        position: Position,
    ) -> Result<(), Error> {
        if signed_data.is_signed {
            self.notes.add(Note::SignedMessage { position });
        }
        if let Some(field) = signed_data.certificates {
            let mut certificates = field.elements(self.budget);
            while let Some(element) = certificates.next()? {
                let position = source.place(element.offset);
                if element.tag.is_context_specific() {
                    self.ignore(What::AttributeCertificate, position);
                } else {
                    let element = element.with_tag(Tag::SEQUENCE, "a certificate")?;
                    self.certificate(&element, position)?;
                }
            }
        }
        if let Some(field) = signed_data.crls {
            let mut crls = field.elements(self.budget);
            while let Some(element) = crls.next()? {
                self.ignore(What::Crl, source.place(element.offset));
            }
        }
        Ok(())
    }

    /// Leaves something aside that is not a certificate.
    pub(crate) fn ignore(&mut self, what: What, first: Position) {
        self.notes.add(Note::ObjectsIgnored {
            what,
            count: 1,
            first,
        });
    }

    fn found(&mut self, format: Format) {
        self.format.get_or_insert(format);
    }

    /// The bundle, if there is a certificate in it.
    pub(crate) fn finish(mut self, selected: Option<Format>) -> Result<Bundle, Error> {
        let ignored = self.notes.0.iter().find_map(|note| match note {
            Note::ObjectsIgnored { what, .. } => Some(*what),
            _ => None,
        });
        let Some(found) = self.format else {
            return Err(ignored.map_or(Error::NotRecognized, Error::NotACertificate));
        };
        if self.certificates.is_empty() {
            return Err(Error::NoCertificates);
        }
        if let Some(selected) = selected
            && selected != found
        {
            self.notes.add(Note::FormatDiffers { selected, found });
        }
        Ok(Bundle {
            format: found,
            certificates: self.certificates,
            notes: self.notes.0,
        })
    }
}
