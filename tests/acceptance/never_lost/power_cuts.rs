//! A power cut, which takes away what is not yet on the disk: any writes, whole or in
//! part, that nothing has made durable.

use acceptance::faults::{
    Change, EndOfTrial, Extent, Starting, Subject, UnsafeStore, Way, lost_writes,
};
use anyhow::Result;

#[test]
fn a_first_start_is_whole_or_begins_anew() -> Result<()> {
    check(&Starting::First)
}

#[test]
fn a_start_loses_nothing_of_what_was_there() -> Result<()> {
    check(&Starting::Again)
}

#[test]
fn what_is_set_aside_stays_there() -> Result<()> {
    check(&Starting::Damaged)
}

#[test]
fn a_request_that_was_shown_is_kept() -> Result<()> {
    check(&Change::MAKE_REQUEST)
}

#[test]
fn a_self_signed_certificate_that_was_shown_is_kept() -> Result<()> {
    check(&Change::MAKE_SELF_SIGNED)
}

#[test]
fn a_certificate_that_was_installed_is_kept() -> Result<()> {
    check(&Change::INSTALL)
}

#[test]
fn the_previous_certificate_goes_on_serving() -> Result<()> {
    check(&Change::SERVE_PREVIOUS)
}

#[test]
fn a_factory_certificate_that_was_made_is_kept() -> Result<()> {
    check(&Change::RESET)
}

#[test]
fn a_request_that_was_deleted_does_not_come_back() -> Result<()> {
    check(&Change::DELETE_REQUEST)
}

#[test]
fn a_new_password_holds() -> Result<()> {
    check(&Change::CHANGE_PASSWORD)
}

#[test]
fn a_failed_sign_in_stays_in_the_journal() -> Result<()> {
    check(&Change::TRY_TO_SIGN_IN)
}

#[test]
fn an_upgrade_of_the_format_loses_nothing() -> Result<()> {
    check(&Starting::Upgrade)
}

#[test]
fn a_setting_that_was_saved_is_kept() -> Result<()> {
    check(&Change::CHANGE_SETTINGS)
}

#[test]
fn what_a_backup_brought_back_is_kept() -> Result<()> {
    check(&Change::RESTORE)
}

#[test]
fn a_trial_that_has_ended_does_not_come_back() -> Result<()> {
    check(&EndOfTrial)
}

#[test]
fn a_store_that_is_never_synchronised_is_found_guilty() -> Result<()> {
    is_found_guilty(
        Way::WithoutSync,
        "Done(\"the NEW state / the NEW state\"): \"\"",
    )
}

#[test]
fn a_store_whose_folder_is_never_synchronised_is_found_guilty() -> Result<()> {
    is_found_guilty(
        Way::WithoutSyncOfTheFolder,
        "Done(\"the NEW state / the NEW state\"): \"the old state / the old state\"",
    )
}

#[track_caller]
fn is_found_guilty(way: Way, of: &str) -> Result<()> {
    let store = UnsafeStore::new(env!("CARGO_BIN_EXE_unsafe_store"), way);
    let report = lost_writes(&store, Extent::Every)?;
    let found = report
        .violations
        .iter()
        .any(|violation| violation.contains(of));
    assert!(found, "{report}");
    Ok(())
}

fn check(subject: &impl Subject) -> Result<()> {
    lost_writes(subject, Extent::asked_for()?)?.expect_none()
}
