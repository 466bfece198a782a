//! Drives the unit from outside, with OpenSSL as the CA and as the judge
