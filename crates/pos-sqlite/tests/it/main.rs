//! What pos-sqlite promises, each promise with the fault that would break it.
//!
//! Everything runs on real files, real threads and, where a process has to die, real processes.

#[cfg(test)]
mod carrying;
#[cfg(test)]
mod crashing;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod saving;
#[cfg(test)]
mod writing;
