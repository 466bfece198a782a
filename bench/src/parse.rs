//! Reading certificates, against x509-parser and OpenSSL: in time, and in instructions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cert_formats::{RawCertificate, read};
use der::Decode as _;
use openssl::pkcs7::Pkcs7;
use openssl::x509::X509;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::Pem;

use crate::Extent;
use crate::import::Chain;
use crate::measure::{Contender, head, in_turns, rows};

/// Something that is read, and who reads it: ours first, then each peer and the goal
/// against it. They say whether it could be read.
struct Task {
    what: &'static str,
    file: &'static str,
    readers: &'static [(&'static str, fn(&[u8]) -> bool, &'static str)],
}

const LEAF: &str = "leaf.der";
const PEM: &str = "chain.pem";
const PKCS7: &str = "chain.p7b";

const TASKS: [Task; 4] = [
    Task {
        what: "a certificate in DER, its fields",
        file: LEAF,
        readers: &[
            ("", |der| RawCertificate::from_der(der).is_ok(), ""),
            (
                "x509-parser",
                |der| parse_x509_certificate(der).is_ok(),
                "1.0",
            ),
            ("OpenSSL", |der| X509::from_der(der).is_ok(), "–"),
        ],
    },
    Task {
        what: "the same as an upload of unknown format",
        file: LEAF,
        readers: &[
            ("", |der| read(der, None).is_ok(), ""),
            (
                "x509-parser",
                |der| parse_x509_certificate(der).is_ok(),
                "–",
            ),
            ("OpenSSL", |der| X509::from_der(der).is_ok(), "–"),
        ],
    },
    Task {
        what: "a chain of three in PEM",
        file: PEM,
        readers: &[
            ("", |pem| read(pem, None).is_ok(), ""),
            ("x509-parser", x509_parser_reads_pem, "–"),
            ("OpenSSL", |pem| X509::stack_from_pem(pem).is_ok(), "0.05"),
        ],
    },
    Task {
        what: "a chain of three in PKCS#7",
        file: PKCS7,
        readers: &[
            ("", |pkcs7| read(pkcs7, None).is_ok(), ""),
            ("OpenSSL", openssl_reads_pkcs7, "0.05"),
        ],
    },
];

fn x509_parser_reads_pem(pem: &[u8]) -> bool {
    Pem::iter_from_buffer(pem).all(|pem| pem.is_ok_and(|pem| pem.parse_x509().is_ok()))
}

fn openssl_reads_pkcs7(der: &[u8]) -> bool {
    Pkcs7::from_der(der).is_ok_and(|pkcs7| {
        let signed = pkcs7.signed();
        signed.is_some_and(|signed| signed.certificates().is_some_and(|all| all.len() == 3))
    })
}

pub(crate) fn measure(extent: Extent) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let chain = Chain::make(3)?;
    std::fs::write(folder.path().join(LEAF), &chain.der[0])?;
    std::fs::write(folder.path().join(PEM), chain.pem())?;
    std::fs::write(folder.path().join(PKCS7), chain.pkcs7_der()?)?;
    let mut table = head();
    for task in &TASKS {
        let octets = std::fs::read(folder.path().join(task.file))?;
        let contenders = task.readers.iter().map(|(name, reads, _)| {
            assert!(reads(&octets), "{name} does not read {}", task.what);
            Contender::short(name, || reads(&octets))
        });
        let times = in_turns(extent.rounds(200), contenders.collect());
        let goals: Vec<&str> = task.readers.iter().skip(1).map(|reader| reader.2).collect();
        rows(&mut table, task.what, &times, &goals);
    }
    table.push_str(
        "\nThe same in instructions, which no other work on the machine changes:\n\n\
         | what | ours | peer | its instructions | ratio |\n|---|---|---|---|---|\n",
    );
    for (place, task) in TASKS.iter().enumerate() {
        let file = folder.path().join(task.file);
        let count = |reader| instructions(place, reader, &file);
        let ours = count(0)?;
        for (reader, (name, ..)) in task.readers.iter().enumerate().skip(1) {
            let peer = count(reader)?;
            table.push_str(&format!(
                "| {} | {ours} | {name} | {peer} | {:.3} |\n",
                task.what,
                ours as f64 / peer as f64
            ));
        }
    }
    Ok(table)
}

/// How many instructions a reader takes for one file: what callgrind counts in two runs of
/// this program that differ in how often it is read.
fn instructions(task: usize, reader: usize, file: &Path) -> Result<u64> {
    const TIMES: u64 = 100;
    let collected = |times: u64| -> Result<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe()?)
            .args(["--read", &task.to_string(), &reader.to_string()])
            .args([file.as_os_str(), times.to_string().as_ref()])
            .output()
            .context("valgrind cannot be run")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let count = said
            .lines()
            .find_map(|line| line.split("Collected : ").nth(1));
        let count = count.with_context(|| format!("callgrind counted nothing: {said}"))?;
        Ok(count.trim().parse()?)
    };
    // The first time makes what is made once.
    Ok((collected(1 + TIMES)? - collected(1)?) / TIMES)
}

/// What runs under callgrind: has a reader read a file so many times.
pub(crate) fn read_again(arguments: &[String]) -> Result<()> {
    let [task, reader, file, times] = arguments else {
        bail!("a task, a reader, a file and a number are wanted");
    };
    let task = TASKS.get(task.parse::<usize>()?).context("no such task")?;
    let reader = task.readers.get(reader.parse::<usize>()?);
    let (_, reads, _) = reader.context("no such reader")?;
    let octets = std::fs::read(file)?;
    for _ in 0..times.parse::<u32>()? {
        ensure!(
            std::hint::black_box(reads(std::hint::black_box(&octets))),
            "not read"
        );
    }
    Ok(())
}
