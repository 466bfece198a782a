//! A presented certificate with what the rules ask of it again and again.

use crate::extensions::Extensions;
use crate::san::SubjectAltNames;
use crate::{Presented, SubjectPublicKeyInfoOwned, dn};
use alloc::string::String;
use x509_cert::certificate::{Raw, TbsCertificateInner, Version};
use x509_cert::name::Name;

/// A certificate, its place in the upload, and its extensions decoded.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    /// Its index in [`Input::presented`](crate::Input).
    pub(crate) index: usize,
    pub(crate) presented: &'a Presented<'a>,
    pub(crate) extensions: Extensions<'a>,
}

impl<'a> Certificate<'a> {
    pub(crate) fn read(index: usize, presented: &'a Presented<'a>) -> Self {
        let extensions = presented.certificate.tbs_certificate().extensions();
        let extensions = extensions.map_or(&[][..], |extensions| extensions);
        Self {
            index,
            presented,
            extensions: Extensions::read(extensions),
        }
    }

    pub(crate) fn tbs(&self) -> &'a TbsCertificateInner<Raw> {
        self.presented.certificate.tbs_certificate()
    }

    pub(crate) fn subject(&self) -> &'a Name {
        self.tbs().subject()
    }

    pub(crate) fn issuer(&self) -> &'a Name {
        self.tbs().issuer()
    }

    pub(crate) fn key(&self) -> &'a SubjectPublicKeyInfoOwned {
        self.tbs().subject_public_key_info()
    }

    /// 1, 2 or 3: the number people say, not the one that is encoded.
    pub(crate) fn version(&self) -> u8 {
        match self.tbs().version() {
            Version::V1 => 1,
            Version::V2 => 2,
            Version::V3 => 3,
        }
    }

    pub(crate) fn is_version_3(&self) -> bool {
        self.tbs().version() == Version::V3
    }

    /// Whether it says it is one of a CA. That it says so does not make it one.
    pub(crate) fn claims_to_be_ca(&self) -> bool {
        self.extensions
            .basic_constraints
            .value()
            .is_some_and(|constraints| constraints.ca)
    }

    /// Whether subject and issuer are the same name.
    pub(crate) fn is_self_issued(&self) -> bool {
        dn::same(self.subject(), self.issuer())
    }

    /// The subject alternative names, none where there are none that can be read.
    pub(crate) fn names(&self) -> SubjectAltNames<'a> {
        let names = self.extensions.subject_alt_name.value();
        names.copied().unwrap_or_default()
    }

    /// What people call it, quoted: the Common Name, or the first alternative name.
    pub(crate) fn called(&self) -> String {
        match self.names().entries().next() {
            Some(name) if self.subject().is_empty() => name.quoted(),
            _ => dn::called(self.subject()),
        }
    }
}
