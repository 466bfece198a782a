//! The bundle that a running unit is upgraded with: a slot, signed. Its form is told in
//! `firmware/src/sysupgrade/bundle.rs`, which reads it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;
use xshell::Shell;

use super::packages::hex;
use super::recipe::Recipe;
use crate::build;
use crate::key::Key;

/// Makes the bundle, and says where it is.
pub(crate) fn make(sh: &Shell, recipe: &Recipe, key: &Key, slot: &Path) -> Result<PathBuf> {
    let image = fs::read(slot)?;
    let version = env!("CARGO_PKG_VERSION");
    let header = json!({
        "board": recipe.target.name(),
        "commit": build::commit(sh)?,
        "octets": image.len(),
        "sha256": hex(&image),
        "version": version,
    });
    let signed = format!("countersign-upgrade 1\n{header}\n");
    let signature = key.sign(sh, &signed, &recipe.folder.join("signed"))?;
    let bundle = [signed.as_bytes(), signature.as_bytes(), b"\n", &image].concat();
    let name = format!("countersign-{}-{version}.upgrade", recipe.target);
    let path = recipe.folder.join(name);
    fs::write(&path, bundle)?;
    Ok(path)
}
