//! A fault at each system call that touches the disk: the process is killed, or the
//! call fails.

use acceptance::faults::{
    Change, EndOfTrial, Extent, Starting, Subject, UnsafeStore, Way, enumerate, enumerate_reads,
};
use anyhow::Result;

#[test]
fn a_first_start_can_be_cut_off_anywhere() -> Result<()> {
    check(&Starting::First)
}

#[test]
fn a_start_after_a_power_cut_can_be_cut_off_anywhere() -> Result<()> {
    check(&Starting::Again)
}

#[test]
fn a_start_that_sets_damage_aside_can_be_cut_off_anywhere() -> Result<()> {
    check(&Starting::Damaged)
}

#[test]
fn a_request_is_made_whole_or_not_at_all() -> Result<()> {
    check(&Change::MAKE_REQUEST)
}

#[test]
fn a_self_signed_certificate_is_made_whole_or_not_at_all() -> Result<()> {
    check(&Change::MAKE_SELF_SIGNED)
}

#[test]
fn a_certificate_is_installed_whole_or_not_at_all() -> Result<()> {
    check(&Change::INSTALL)
}

#[test]
fn the_previous_certificate_serves_again_whole_or_not_at_all() -> Result<()> {
    check(&Change::SERVE_PREVIOUS)
}

#[test]
fn a_factory_certificate_is_made_whole_or_not_at_all() -> Result<()> {
    check(&Change::RESET)
}

#[test]
fn a_request_is_deleted_with_its_key_or_not_at_all() -> Result<()> {
    check(&Change::DELETE_REQUEST)
}

#[test]
fn a_password_is_changed_or_the_old_one_holds() -> Result<()> {
    check(&Change::CHANGE_PASSWORD)
}

#[test]
fn a_failed_sign_in_is_in_the_journal_or_in_the_log() -> Result<()> {
    check(&Change::TRY_TO_SIGN_IN)
}

#[test]
fn an_upgrade_of_the_format_can_be_cut_off_anywhere() -> Result<()> {
    check(&Starting::Upgrade)
}

#[test]
fn an_upgrade_of_the_format_asks_again_for_what_could_not_be_read() -> Result<()> {
    enumerate_reads(&Starting::Upgrade)?.expect_none()
}

#[test]
fn a_setting_is_changed_alone_or_not_at_all() -> Result<()> {
    check(&Change::CHANGE_SETTINGS)
}

#[test]
fn a_backup_is_restored_whole_or_not_at_all() -> Result<()> {
    check(&Change::RESTORE)
}

#[test]
fn a_trial_ends_with_the_previous_certificate_or_goes_on() -> Result<()> {
    check(&EndOfTrial)
}

#[test]
fn a_store_that_is_written_in_place_is_found_guilty() -> Result<()> {
    let store = UnsafeStore::new(env!("CARGO_BIN_EXE_unsafe_store"), Way::InPlace);
    let report = enumerate(&store, Extent::Every)?;
    let torn = |violation: &String| violation.contains("the NEW state / the old state");
    assert!(report.violations.iter().any(torn), "{report}");
    Ok(())
}

fn check(subject: &impl Subject) -> Result<()> {
    enumerate(subject, Extent::asked_for()?)?.expect_none()
}
