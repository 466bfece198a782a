//! `/metrics`, read by Prometheus's own parser.

use acceptance::{Connection, Response, Tool, Unit, judge, sign_in};
use anyhow::{Result, ensure};

const TOKEN: &str = "canary-token-for-the-metrics";

/// What Prometheus's client library for Python reads, one sample a line.
const READ: &str = "\
import sys
from prometheus_client.parser import text_string_to_metric_families as families
for family in families(sys.stdin.read()):
    assert family.documentation, family.name
    for sample in family.samples:
        labels = ','.join(f'{name}={value}' for name, value in sorted(sample.labels.items()))
        print(family.type, sample.name, '{' + labels + '}', float(sample.value))
";

fn scrape(unit: &Unit, token: &str) -> Result<Response> {
    let mut connection = Connection::open(unit.address)?;
    let head = unit.browser().head("GET", "/metrics");
    connection.send(format!("{head}Authorization: Bearer {token}\r\n\r\n").as_bytes())?;
    connection.answer()
}

fn samples(unit: &Unit) -> Result<Vec<String>> {
    let answer = scrape(unit, TOKEN)?;
    ensure!(answer.status == 200, "{answer:?}");
    let reading = Tool::new("python3").args("-c").arg(READ);
    let read = reading.stdin(answer.body).run()?.text();
    Ok(read.lines().map(ToOwned::to_owned).collect())
}

#[test]
fn prometheus_reads_every_metric_with_the_token_and_nothing_without() -> Result<()> {
    let unit = Unit::start()?;
    assert_eq!(scrape(&unit, TOKEN)?.status, 404, "it is off");
    unit.done(&format!("services set metrics {TOKEN}"))?;
    assert_eq!(scrape(&unit, "canary-token-for-the-metricz")?.status, 401);

    sign_in(&mut unit.browser(), "wrong")?;
    let samples = samples(&unit)?;
    let chain = judge::presented_chain(unit.address)?;
    let sha256 = judge::fingerprint(&chain[0])?;
    for expected in [
        "gauge countersign_build_info {version=",
        &format!(
            "gauge countersign_certificate_info {{common_name=Spectracom,key=RSA 2048,sha256={sha256}"
        ),
        "gauge countersign_alarm_raised {alarm=factory-serving} 1.0",
        "counter countersign_actions_total {action=sign-in-refused} 1.0",
        "gauge countersign_sessions {} 0.0",
    ] {
        let found = samples.iter().any(|sample| sample.starts_with(expected));
        assert!(found, "{expected} is not in {samples:#?}");
    }
    // At least this one; those before it may not have ended yet.
    let none = "gauge countersign_connections {} 0.0";
    assert!(samples.iter().all(|sample| sample != none), "{samples:#?}");
    let end = "gauge countersign_certificate_not_after_timestamp_seconds ";
    let end = samples.iter().find(|sample| sample.starts_with(end));
    let end = end.and_then(|sample| sample.rsplit(' ').next()?.parse::<f64>().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    assert!(
        end.is_some_and(|end| end > now.as_secs_f64()),
        "{samples:#?}"
    );

    unit.console("services set metrics off")?;
    let off = scrape(&unit, TOKEN)?;
    assert_eq!(off.status, 404);
    let said = String::from_utf8(off.body)?;
    assert!(said.starts_with("Metrics are off."), "{said}");
    Ok(())
}

#[test]
fn the_token_is_kept_and_shown_nowhere() -> Result<()> {
    let unit = Unit::start()?;
    let mut admin = acceptance::Administrator::sign_in(&unit)?;
    let mut form = admin
        .browser
        .open("/management/services")?
        .form("/services")?;
    form.fill("metrics", TOKEN)?;
    form.fill("trial", "soon")?;
    assert_eq!(admin.browser.submit(&form)?.status, 422);
    form.fill("trial", "10")?;
    admin.browser.submit(&form)?;
    assert_eq!(scrape(&unit, TOKEN)?.status, 200);
    admin.browser.open("/management/services")?;
    admin.journal()?;
    unit.console("services")?;
    unit.console("services set metrics canary-token")?;
    let unit = unit.kill_and_restart()?;
    assert_eq!(
        scrape(&unit, TOKEN)?.status,
        200,
        "a restart forgets the token"
    );
    for (path, octets) in unit.files()? {
        unit.transcript.add(path.display().to_string(), octets);
    }
    let canaries = [acceptance::Canary::new("the token", "canary-token")];
    assert_eq!(unit.transcript.find(&canaries), [""; 0]);
    Ok(())
}
