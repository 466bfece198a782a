//! What goes with an image: a manifest of every file, a bill of materials in CycloneDX,
//! and the checksums.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use xshell::{Shell, cmd};

use super::packages::{Packages, hex, sha256};
use super::recipe::Recipe;
use super::root::{Kind, Root};
use crate::build;

pub(crate) fn write(
    sh: &Shell,
    recipe: &Recipe,
    packages: &Packages,
    root: &Root,
    made: &[&Path],
) -> Result<()> {
    let folder = &recipe.folder;
    let version = env!("CARGO_PKG_VERSION");
    let commit = build::commit(sh)?;
    let manifest = json!({
        "name": "countersign",
        "version": version,
        "commit": commit,
        "target": recipe.target.triple(),
        "kernel": { "package": packages.kernel_package, "sha256": sha256(&packages.kernel)? },
        "files": root.iter().map(|(path, entry)| described(path, &entry.kind, &entry.source))
            .collect::<Vec<_>>(),
    });
    let pretty = |value: &Value| -> Result<String> {
        Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
    };
    let manifest_path = folder.join("manifest.json");
    fs::write(&manifest_path, pretty(&manifest)?)?;
    let bill_path = folder.join("bom.cdx.json");
    let bill = bill(sh, recipe, packages, version)?;
    fs::write(&bill_path, pretty(&bill)?)?;
    let mut sums = String::new();
    for path in made.iter().copied().chain([&*manifest_path, &*bill_path]) {
        let name = path.file_name().context("a name")?.to_string_lossy();
        sums.push_str(&format!("{}  {name}\n", sha256(path)?));
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}

fn described(path: &str, kind: &Kind, source: &str) -> Value {
    match kind {
        Kind::Folder { mode } => {
            json!({ "path": path, "mode": format!("{mode:04o}"), "source": source })
        }
        Kind::File { mode, content } => json!({
            "path": path,
            "mode": format!("{mode:04o}"),
            "octets": content.len(),
            "sha256": hex(content),
            "source": source,
        }),
        Kind::Link { to } => json!({ "path": path, "link": to, "source": source }),
        Kind::Console => json!({ "path": path, "device": "5:1", "source": source }),
    }
}

/// What is in the image: Debian's packages and the crates of the program.
fn bill(sh: &Shell, recipe: &Recipe, packages: &Packages, version: &str) -> Result<Value> {
    let mut components = Vec::new();
    for package in &packages.all {
        let purl = format!(
            "pkg:deb/debian/{}@{}?arch={}",
            package.name,
            package.version.replace(':', "%3A"),
            recipe.target.debian()
        );
        components.push(json!({
            "type": "library",
            "bom-ref": purl,
            "name": package.name,
            "version": package.version,
            "hashes": [{ "alg": "SHA-256", "content": package.sha256 }],
            "purl": purl,
        }));
    }
    let licences = licences(sh)?;
    for (name, version) in crates(sh, recipe)? {
        let purl = format!("pkg:cargo/{name}@{version}");
        let mut component = json!({
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
        });
        if let Some(licence) = licences.get(&(name, version)) {
            component["licenses"] = json!([{ "expression": licence }]);
        }
        components.push(component);
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "firmware",
                "name": format!("countersign-{}", recipe.target),
                "version": version,
            },
        },
        "components": components,
    }))
}

/// The crates that are in the program: those it is built from for this target, without
/// those that only build it.
fn crates(sh: &Shell, recipe: &Recipe) -> Result<BTreeSet<(String, String)>> {
    let triple = recipe.target.triple();
    let tree = cmd!(
        sh,
        "cargo tree --locked --package firmware --target {triple} --edges normal --prefix none"
    )
    .quiet()
    .read()?;
    let named = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        let version = words.next()?.strip_prefix('v')?.to_owned();
        Some((name, version))
    };
    Ok(tree.lines().filter_map(named).collect())
}

fn licences(sh: &Shell) -> Result<std::collections::BTreeMap<(String, String), String>> {
    let metadata = cmd!(sh, "cargo metadata --locked --format-version 1")
        .quiet()
        .read()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all = packages.iter().filter_map(|package| {
        let key = (text(&package["name"])?, text(&package["version"])?);
        Some((key, text(&package["license"])?))
    });
    Ok(all.collect())
}
