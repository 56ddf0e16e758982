//! Room on the disk: warned of early, refused before a sale rather than in the middle of one.
//!
//! A reserve file is kept beside the database. While there is little room, no new cart is begun; a sale that meets a
//! full disk all the same gets the reserve and is finished.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use pos_store::{ReserveFile, free_bytes};
use serde_json::json;

use crate::code::ErrorCode;
use crate::error::AppError;

const MIB: u64 = 1024 * 1024;
/// Size of the reserve: a few hundred sales with their WAL, journal and one checkpoint.
const RESERVE_BYTES: u64 = 8 * MIB;
/// Below this the owner is warned: days of selling are left.
const LOW_BYTES: u64 = 512 * MIB;
/// Below this no new cart is begun: the carts that are open can still be sold.
const REFUSE_BYTES: u64 = 16 * MIB;
/// A backup leaves at least this much.
const BACKUP_LEAVES_BYTES: u64 = 128 * MIB;
const FILE_NAME: &str = "reserve";

/// The room of one data folder.
#[derive(Debug, Default)]
pub(crate) struct Room {
    reserve: Mutex<Option<ReserveFile>>,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Enough.
    Plenty,
    /// The owner should make some.
    Low,
    /// No new cart is begun.
    Out,
}

impl Level {
    const fn of(free: u64) -> Self {
        if free < REFUSE_BYTES {
            Self::Out
        } else if free < LOW_BYTES {
            Self::Low
        } else {
            Self::Plenty
        }
    }
}

impl Room {
    /// Lays the reserve, or lays it again after it was used, when that leaves room. Blocks the calling thread.
    pub(crate) fn keep_reserve(&self, folder: &Path) {
        let Ok(free) = free_bytes(folder) else { return };
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let path: PathBuf = folder.join(FILE_NAME);
        let stands = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if stands < RESERVE_BYTES && free < RESERVE_BYTES.saturating_add(REFUSE_BYTES) {
            // Taking the last room away from the sales that it is meant for would be of no use.
            return;
        }
        match ReserveFile::keep(path, RESERVE_BYTES) {
            Ok(kept) => *reserve = Some(kept),
            Err(error) => tracing::warn!(%error, "no reserve could be laid on this disk"),
        }
    }

    /// Gives the reserve back to the disk; whether there was one to give.
    pub(crate) fn give_reserve(&self) -> bool {
        let reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner).take();
        let given = reserve.is_some_and(|reserve| reserve.release().is_ok());
        if given {
            tracing::warn!("the disk is full; the reserve was given to the sale in progress");
        }
        given
    }
}

/// How much room is left, and what that means.
pub(crate) fn look(folder: &Path) -> (Option<u64>, Level) {
    // A system that does not tell must not stop a shop.
    free_bytes(folder).map_or((None, Level::Plenty), |free| (Some(free), Level::of(free)))
}

/// Refuses to begin something that the disk may not hold.
pub(crate) fn check_for_cart(folder: &Path) -> Result<(), AppError> {
    match look(folder) {
        (Some(free), Level::Out) => Err(too_little(free, REFUSE_BYTES)),
        (Some(_) | None, Level::Plenty | Level::Low | Level::Out) => Ok(()),
    }
}

/// Refuses a backup that would leave too little for selling.
pub(crate) fn check_for_backup(folder: &Path, bytes: u64) -> Result<(), AppError> {
    let needed = bytes.saturating_add(BACKUP_LEAVES_BYTES);
    match look(folder) {
        (Some(free), _) if free < needed => Err(too_little(free, needed)),
        (Some(_) | None, _) => Ok(()),
    }
}

fn too_little(free: u64, needed: u64) -> AppError {
    AppError::with(ErrorCode::StorageDiskLow, json!({ "free_mib": free / MIB, "needed_mib": needed / MIB }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_warned_long_before_carts_are_refused() {
        assert_eq!(Level::of(LOW_BYTES), Level::Plenty);
        assert_eq!(Level::of(LOW_BYTES - 1), Level::Low);
        assert_eq!(Level::of(REFUSE_BYTES), Level::Low);
        assert_eq!(Level::of(REFUSE_BYTES - 1), Level::Out);
        assert_eq!(Level::of(0), Level::Out);
    }

    #[test]
    fn a_reserve_is_given_once_and_laid_again() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::default();
        assert!(!room.give_reserve(), "there is none yet");
        room.keep_reserve(folder.path());
        let file = folder.path().join(FILE_NAME);
        assert_eq!(std::fs::metadata(&file).unwrap().len(), RESERVE_BYTES);
        assert!(room.give_reserve());
        assert!(!file.exists() && !room.give_reserve(), "it is given once");
        room.keep_reserve(folder.path());
        assert!(file.exists());
    }
}
