//! What an administrator can do with certificates, kept through a power cut
