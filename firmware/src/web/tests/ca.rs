//! A CA, which is OpenSSL, and somebody at the console.

use std::fs;
use std::path::Path;
use std::process::Command;

use cert_lifecycle::{ADMIN, Actor, RequestForm, Unit, Via};

/// What a CA hands out, in PEM.
pub(crate) struct Signed {
    pub(crate) leaf: Vec<u8>,
    pub(crate) root: Vec<u8>,
}

pub(crate) fn actor() -> Actor {
    Actor {
        who: ADMIN.into(),
        via: Via::Console,
    }
}

/// Has the unit make a request with an EC key, with what `fill` types.
pub(super) fn make(unit: &Unit, fill: impl FnOnce(&mut RequestForm)) {
    let mut form = RequestForm {
        key_type: "EC P-256".into(),
        common_name: "ntp1.example.net".into(),
        ..RequestForm::default()
    };
    fill(&mut form);
    let order = form.parse().expect("a form");
    let mut go_on = |_| std::ops::ControlFlow::Continue(());
    unit.make(&order, &actor(), &mut go_on).expect("made");
}

/// Has OpenSSL sign a new request for `ntp1.example.net`.
pub(super) fn signed_by_a_ca(unit: &Unit) -> Signed {
    make(unit, |_| {});
    sign(&unit.requests().expect("requests").remove(0).pem)
}

/// Has OpenSSL sign this request.
pub(crate) fn sign(request: &str) -> Signed {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("unit.csr"), request).expect("written");
    for arguments in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Root -keyout root.key \
         -out root.pem",
        "x509 -req -in unit.csr -CA root.pem -CAkey root.key -days 30 -copy_extensions copy -out \
         unit.pem",
    ] {
        openssl(folder.path(), arguments);
    }
    Signed {
        leaf: fs::read(folder.path().join("unit.pem")).expect("signed"),
        root: fs::read(folder.path().join("root.pem")).expect("made"),
    }
}

/// Has OpenSSL make a key and a certificate for this subject, in PEM.
pub(crate) fn self_signed(subject: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out made";
    let arguments = made.split_whitespace().chain(["-subj", subject]);
    run_openssl(folder.path(), arguments);
    fs::read_to_string(folder.path().join("made")).expect("made")
}

fn openssl(folder: &Path, arguments: &str) {
    run_openssl(folder, arguments.split_whitespace());
}

fn run_openssl<'a>(folder: &Path, arguments: impl Iterator<Item = &'a str>) {
    let ran = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output();
    let ran = ran.expect("openssl is installed");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
