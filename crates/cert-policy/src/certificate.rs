//! A presented certificate with what the rules ask of it again and again.

use crate::extensions::{self, Extensions};
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

    /// Whether its issuer, which is not here, is a root as far as it can be told: the
    /// certificate says that its issuer issued to itself, or the issuer calls itself a root.
    /// One of a public CA is issued by an intermediate whatever that is called (BR 7.1.2.7).
    pub(crate) fn seems_issued_by_root(&self) -> bool {
        if self.extensions.is_public {
            return false;
        }
        let extensions = self.tbs().extensions().map_or(&[][..], |all| all);
        match extensions::issuer_of_issuer(extensions) {
            Some(above) => dn::same(&above, self.issuer()),
            None => {
                let called = dn::common_name(self.issuer()).unwrap_or_default();
                let mut words = called.split(|c: char| !c.is_alphanumeric());
                !self.extensions.tells_issuer && words.any(|word| word.eq_ignore_ascii_case("root"))
            }
        }
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
