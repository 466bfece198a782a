//! Makes a P-256 key, a request and a certificate on a microcontroller, reads the
//! certificate back and judges it: once for a name that it covers, once for another.
//!
//! It talks to the debugger (semihosting): the request as DER in hexadecimal, and what was
//! found. `cargo xtask bare-metal` starts it in QEMU and hands the request to OpenSSL.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt::Write as _;
use core::ops::ControlFlow;
use core::panic::PanicInfo;

use cert_policy::{Code, Input, Now, OurKey, Presented, ServerName, judge};
// For how it keeps interrupts out while the debugger is talked to.
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng as _;
use cortex_m as _;
use cortex_m_semihosting::{debug, hprintln};
use der::Encode as _;
use pki_core::{
    CertificateParams, CommonName, KeySpec, PrivateKey, RequestParams, Subject, SubjectAltName,
    SubjectAltNameKind, Validity, ValidityDays, certificate_request, self_signed,
};

/// The heap, in octets. How much of it is enough is found by trying.
const HEAP: usize = match option_env!("HEAP_KIB") {
    Some(kib) => kibibytes(kib),
    None => kibibytes("256"),
};

#[global_allocator]
static ALLOCATOR: emballoc::Allocator<HEAP> = emballoc::Allocator::new();

/// The name in the certificate.
const NAME: &str = "meter7.example.net";

/// 1 January 2027, in seconds since 1970: a microcontroller is told the time.
const NOW: u64 = 1_798_761_600;

#[cortex_m_rt::entry]
fn main() -> ! {
    let ended = match run() {
        Ok(()) => debug::EXIT_SUCCESS,
        Err(error) => {
            hprintln!("error: {}", error);
            debug::EXIT_FAILURE
        }
    };
    loop {
        debug::exit(ended);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    // A real one has a hardware generator to seed this with; this one is to do the same
    // whenever it is started.
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let subject = || Ok::<_, pki_core::Error>(Subject::new(CommonName::parse(NAME)?));
    let name = SubjectAltName::parse(SubjectAltNameKind::Dns, NAME)?;

    let go_on = &mut |_| ControlFlow::Continue(());
    let key = PrivateKey::generate(KeySpec::EcP256, &mut rng, go_on)?;
    let mut params = RequestParams::new(subject()?);
    params.names.push(name.clone());
    let request = certificate_request(&key, &params, &mut rng)?;
    hprintln!("request {}", hexadecimal(&request.to_der()?));

    let validity = Validity::days(NOW, ValidityDays::new(90)?)?;
    let mut params = CertificateParams::new(subject()?, validity);
    params.names.push(name);
    let certificate = self_signed(&key, &params, &mut rng)?.to_der()?;

    let bundle = cert_formats::read(&certificate, None)?;
    let presented: Vec<Presented<'_>> = bundle
        .certificates
        .iter()
        .map(|read| Presented {
            certificate: read.certificate(),
            der: read.der(),
        })
        .collect();
    let ours = [OurKey {
        public_key: &request.info.public_key,
        subject: None,
        names: &[],
    }];
    for (reached_as, covered) in [(NAME, true), ("meter8.example.net", false)] {
        let verdict = judge(&Input {
            presented: &presented,
            our_keys: &ours,
            reached_as: &[ServerName::parse(reached_as)?],
            now: Now {
                unix_seconds: NOW,
                trusted: true,
            },
        });
        let found = |code| verdict.findings.iter().any(|finding| finding.code == code);
        if verdict.is_refused() || found(Code::NameNotCovered) == covered {
            return Err(alloc::format!("judged wrongly: {:?}", verdict.findings).into());
        }
        hprintln!("judged as {}: covered {}", reached_as, covered);
    }
    Ok(())
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing into memory does not fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// A number of KiB in octets, while the program is built.
const fn kibibytes(digits: &str) -> usize {
    let digits = digits.as_bytes();
    let (mut number, mut index) = (0, 0);
    while index < digits.len() {
        assert!(digits[index].is_ascii_digit(), "HEAP_KIB is no number");
        number = number * 10 + (digits[index] - b'0') as usize;
        index += 1;
    }
    number * 1024
}

#[panic_handler]
fn panicked(why: &PanicInfo<'_>) -> ! {
    hprintln!("{}", why);
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}
