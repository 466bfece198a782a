//! Collects the certificates of an upload, object by object.

use alloc::vec::Vec;

use crate::bundle::Bundle;
use crate::certificate::{self, ReadCertificate};
use crate::cms::{self, Content, SignedData};
use crate::error::Error;
use crate::format::Format;
use crate::limits::MAX_CERTIFICATES;
use crate::note::{Note, Notes};
use crate::object::{self, Object};
use crate::position::{Octets, Position};
use crate::tlv::{Budget, Element, Elements, Tag};
use crate::what::What;

/// Where octets came from that are read as DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The upload itself.
    Binary,
    /// A block of base64 that begins on this line.
    Base64 { line: usize },
    /// A block that may hold OpenSSL's trust settings after the certificate.
    Trusted { line: usize },
}

impl Source {
    const fn line(self) -> Option<usize> {
        match self {
            Self::Binary => None,
            Self::Base64 { line } | Self::Trusted { line } => Some(line),
        }
    }

    /// The place in the upload of an offset in the octets.
    const fn place(self, offset: usize) -> Position {
        match self.line() {
            None => Position::Offset(offset),
            Some(line) => Position::InBlock { line, offset },
        }
    }

    /// The format that `object` from here is in, if it holds certificates.
    const fn format(self, object: Object) -> Option<Format> {
        match (object, self) {
            (Object::Certificate, Self::Binary) => Some(Format::X509Der),
            (Object::Certificate, _) => Some(Format::X509Pem),
            (Object::ContentInfo, Self::Binary) => Some(Format::Pkcs7Der),
            (Object::ContentInfo, _) => Some(Format::Pkcs7Pem),
            _ => None,
        }
    }
}

/// What has been read so far, and what may still be spent on reading.
#[derive(Debug)]
pub(crate) struct Collector<'b> {
    pub(crate) budget: &'b Budget,
    pub(crate) notes: Notes,
    certificates: Vec<ReadCertificate>,
    format: Option<Format>,
}

impl<'b> Collector<'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Self {
            budget,
            notes: Notes::default(),
            certificates: Vec::new(),
            format: None,
        }
    }

    /// Reads all objects in `der`.
    ///
    /// # Errors
    ///
    /// - [`Error::NotACertificate`] for a private key, even a part of one.
    /// - [`Error::Malformed`] for what is not known, and for what follows the last object.
    /// - Whatever is wrong within a certificate or PKCS#7.
    pub(crate) fn read(&mut self, der: &[u8], source: Source) -> Result<(), Error> {
        self.read_objects(der, source)
            .map_err(|error| match source.line() {
                None => error,
                Some(line) => error.in_block(line),
            })
    }

    fn read_objects(&mut self, der: &[u8], source: Source) -> Result<(), Error> {
        let mut objects = Elements::of(der, self.budget);
        let mut count = 0_usize;
        while !objects.rest().is_empty() {
            let object = object::identify(objects.rest(), self.budget);
            if let Object::Other(what @ What::PrivateKey(_)) = object {
                return Err(Error::NotACertificate(what));
            }
            if count > 0 && self.is_end(&objects, object, source)? {
                break;
            }
            let Some(element) = objects.next()? else {
                break;
            };
            self.read_object(&element, object, source)?;
            count += 1;
        }
        if count > 1 {
            self.notes.add(Note::Concatenated { objects: count });
        }
        Ok(())
    }

    /// Whether what follows an object is no further object, but may stand there.
    fn is_end(
        &mut self,
        rest: &Elements<'_, '_>,
        object: Object,
        source: Source,
    ) -> Result<bool, Error> {
        let octets = rest.rest();
        let position = source.place(rest.offset());
        if let Source::Trusted { line } = source
            && !object.must_be_read()
        {
            self.notes.add(Note::TrustSettingsIgnored { line });
            Ok(true)
        } else if octets.iter().all(is_padding) {
            self.notes.add(Note::TrailingOctets {
                position,
                octets: octets.len(),
            });
            Ok(true)
        } else if object == Object::Unknown {
            Err(Error::malformed(
                Position::Offset(rest.offset()),
                "the end, or a further certificate",
                alloc::format!("{} of something else", Octets(octets.len())),
            ))
        } else {
            Ok(false)
        }
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
                self.format = self.format.or(source.format(object));
                self.read_certificate(element, position)
            }
            Object::ContentInfo => match cms::parse(element, self.budget)? {
                Content::Other(cms_type) => {
                    self.leave_aside(What::Cms(cms_type), position);
                    Ok(())
                }
                Content::SignedData(signed_data) => {
                    self.format = self.format.or(source.format(object));
                    if !signed_data.is_der {
                        self.notes.add(Note::Ber { position });
                    }
                    if signed_data.is_signed {
                        self.notes.add(Note::SignedMessage { position });
                    }
                    self.read_signed_data(&signed_data, source)
                }
            },
            Object::Other(what) => {
                self.leave_aside(what, position);
                Ok(())
            }
            Object::Unknown => Err(Error::malformed(
                Position::Offset(element.offset),
                "a certificate or PKCS#7",
                alloc::format!("{} that is neither", element.tag),
            )),
        }
    }

    /// Reads the certificates and counts what stands beside them (RFC 5652 section 10.2).
    ///
    /// ```text
    /// CertificateChoices ::= CHOICE {
    ///   certificate Certificate,
    ///   extendedCertificate [0] IMPLICIT ExtendedCertificate,  -- Obsolete
    ///   v1AttrCert [1] IMPLICIT AttributeCertificateV1,        -- Obsolete
    ///   v2AttrCert [2] IMPLICIT AttributeCertificateV2,
    ///   other [3] IMPLICIT OtherCertificateFormat }
    /// ```
    fn read_signed_data(
        &mut self,
        signed_data: &SignedData<'_>,
        source: Source,
    ) -> Result<(), Error> {
        if let Some(field) = signed_data.certificates {
            let mut certificates = field.elements(self.budget);
            while let Some(element) = certificates.next()? {
                let position = source.place(element.offset);
                match element.tag.context_number() {
                    Some(1 | 2) => self.leave_aside(What::AttributeCertificate, position),
                    Some(_) => self.leave_aside(What::OtherCertificate, position),
                    None => {
                        let element = element.with_tag(Tag::SEQUENCE, "a certificate")?;
                        self.read_certificate(&element, position)?;
                    }
                }
            }
        }
        if let Some(field) = signed_data.crls {
            let mut crls = field.elements(self.budget);
            while let Some(element) = crls.next()? {
                self.leave_aside(What::Crl, source.place(element.offset));
            }
        }
        Ok(())
    }

    fn read_certificate(&mut self, element: &Element<'_>, position: Position) -> Result<(), Error> {
        if self.certificates.len() == MAX_CERTIFICATES {
            return Err(Error::TooManyCertificates {
                limit: MAX_CERTIFICATES,
            });
        }
        let (certificate, was_reencoded) = certificate::parse(element, self.budget)?;
        if was_reencoded {
            self.notes.add(Note::CertificateReencoded { position });
        }
        self.certificates.push(certificate);
        Ok(())
    }

    /// Notes something that is not a certificate and is not read.
    pub(crate) fn leave_aside(&mut self, what: What, first: Position) {
        self.notes.add(Note::ObjectsIgnored {
            what,
            count: 1,
            first,
        });
    }

    /// The bundle, if there is a certificate in it.
    ///
    /// # Errors
    ///
    /// - [`Error::NoCertificates`] when there was only PKCS#7 without any.
    /// - [`Error::NotACertificate`] with the first thing that was left aside.
    /// - [`Error::NotRecognized`] when there was nothing at all.
    pub(crate) fn finish(mut self, selected: Option<Format>) -> Result<Bundle, Error> {
        let Some(found) = self.format else {
            let what = self.notes.first_ignored();
            return Err(what.map_or(Error::NotRecognized, Error::NotACertificate));
        };
        if self.certificates.is_empty() {
            return Err(Error::NoCertificates);
        }
        if let Some(selected) = selected
            && selected != found
        {
            self.notes.add(Note::FormatDiffers { selected, found });
        }
        let Self {
            certificates,
            notes,
            ..
        } = self;
        Ok(Bundle {
            format: found,
            certificates,
            notes: notes.into_vec(),
        })
    }
}

/// What programs append to a file that is not theirs: line ends, an MS-DOS end of file, zeros.
const fn is_padding(octet: &u8) -> bool {
    matches!(octet, 0 | b'\t'..=b'\r' | 0x1a | b' ')
}
