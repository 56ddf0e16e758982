//! The VFS itself: the only file of this project with `unsafe`, because SQLite takes a VFS as C functions.
//!
//! It decides nothing. Each function turns SQLite's pointers into values, hands them to [`super::watched`], and calls
//! the VFS below, which is SQLite's own for this system. Files outside watched folders are opened by the VFS below in
//! our stead and never come here again.
//!
//! What every function rests on, by SQLite's contract for a VFS: a file's memory has `szOsFile` bytes aligned to 8,
//! is not moved, and belongs to one connection from a successful `xOpen` to `xClose`; a connection is used by one
//! thread at a time; buffers are as long as is said beside them; names are zero-terminated.
#![expect(unsafe_code, reason = "SQLite takes a VFS as C functions; see docs/adr")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;

use anyhow::{Result, ensure};
use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use super::watched::{OpenFile, Watched};

const NAME: &CStr = c"comptoir-crash";

/// Opened files whose name must be on the disk before they are of use.
const JOURNALS: c_int = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;

/// Our part of a file. That of the VFS below follows it in the same memory.
#[repr(C)]
struct Front {
    base: sqlite3_file,
    /// From `Box::into_raw`, until the file is closed.
    file: *mut OpenFile,
}

/// The VFS below, which lives as long as the process.
struct Below(*mut sqlite3_vfs);

// SAFETY: SQLite itself calls a VFS from any thread; nobody writes to it after it was registered.
unsafe impl Send for Below {}
// SAFETY: as above.
unsafe impl Sync for Below {}

static BELOW: OnceLock<Option<Below>> = OnceLock::new();

/// Makes ours the default VFS of this process, once.
pub(super) fn install() -> Result<()> {
    ensure!(BELOW.get_or_init(register).is_some(), "SQLite has no VFS to put ours on");
    Ok(())
}

fn register() -> Option<Below> {
    // SAFETY: null asks for the default. SQLite initialises itself first, and what it answers is never freed.
    let below = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    // SAFETY: not null means a whole VFS.
    let mut ours = *unsafe { below.as_ref() }?;
    // Everything but opening and removing stays a function of the one below: those look at their arguments only.
    ours.zName = NAME.as_ptr();
    ours.pNext = ptr::null_mut();
    ours.szOsFile += c_int::try_from(size_of::<Front>()).ok()?;
    ours.xOpen = Some(open);
    ours.xDelete = Some(delete);
    // SAFETY: it is leaked, so it lives as long as SQLite may use it.
    let answer = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1) };
    (answer == ffi::SQLITE_OK).then_some(Below(below))
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // The second version has shared memory; the third would hand out mapped pages, whose writes nobody sees.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// # Safety
/// `name` is null or zero-terminated.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    // SAFETY: not null, so zero-terminated.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?;
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn open(
    _ours: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let Some(Some(Below(below))) = BELOW.get() else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: it lives as long as the process.
    let Some(open_below) = (unsafe { (**below).xOpen }) else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: SQLite's contract.
    let watched = unsafe { path_of(name) }.and_then(|path| Some((Watched::over(&path)?, path)));
    let Some((disk, path)) = watched else {
        // SAFETY: the arguments as they came; there is more memory than the one below asks for.
        return unsafe { open_below(*below, name, file, flags, out_flags) };
    };
    let front = file.cast::<Front>();
    // SAFETY: SQLite's contract. Without methods SQLite does not close a file whose opening failed.
    unsafe { (*front).base.pMethods = ptr::null() };
    let may_create = flags & ffi::SQLITE_OPEN_CREATE != 0;
    let opened = disk.open(path, may_create, flags & JOURNALS != 0, || {
        // SAFETY: behind our part there are as many bytes as the one below asks for, aligned like ours.
        unsafe { open_below(*below, name, front.add(1).cast(), flags, out_flags) }
    });
    match opened {
        Ok(opened) => {
            // SAFETY: SQLite's contract.
            unsafe {
                *front =
                    Front { base: sqlite3_file { pMethods: &METHODS }, file: Box::into_raw(Box::new(opened)) }
            };
            ffi::SQLITE_OK
        }
        Err(answer) => answer,
    }
}

unsafe extern "C" fn delete(_ours: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let Some(Some(Below(below))) = BELOW.get() else { return ffi::SQLITE_IOERR_DELETE };
    // SAFETY: it lives as long as the process.
    let Some(delete_below) = (unsafe { (**below).xDelete }) else { return ffi::SQLITE_IOERR_DELETE };
    // SAFETY: SQLite's contract.
    let watched = unsafe { path_of(name) }.and_then(|path| Some((Watched::over(&path)?, path)));
    match watched {
        // SAFETY: the arguments as they came.
        None => unsafe { delete_below(*below, name, sync_folder) },
        // SAFETY: the same; the folder is synchronised on the record only.
        Some((disk, path)) => {
            code(disk.delete(&path, sync_folder != 0, || unsafe { delete_below(*below, name, 0) }))
        }
    }
}

/// What a method of an open file needs: our part, the file below and its methods.
///
/// # Safety
/// `file` was opened by [`open`] and is not closed. The reference must not outlive the call of the method.
unsafe fn parts<'a>(file: *mut sqlite3_file) -> (&'a OpenFile, *mut sqlite3_file, &'a sqlite3_io_methods) {
    let front = file.cast::<Front>();
    // SAFETY: `open` has filled both parts, and only `close` takes them away.
    unsafe {
        let below: *mut sqlite3_file = front.add(1).cast();
        (&*(*front).file, below, &*(*below).pMethods)
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let front = file.cast::<Front>();
    // SAFETY: as in `parts`; what the box held is used by nobody after this.
    unsafe {
        let below: *mut sqlite3_file = front.add(1).cast();
        drop(Box::from_raw((*front).file));
        (*(*below).pMethods).xClose.map_or(ffi::SQLITE_IOERR, |close| close(below))
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    to: *mut c_void,
    bytes: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: an open file.
    let (ours, below, methods) = unsafe { parts(file) };
    let Some(read) = methods.xRead else { return ffi::SQLITE_IOERR };
    // SAFETY: the arguments as they came.
    code(ours.read(|| unsafe { read(below, to, bytes, offset) }))
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: an open file.
    let (ours, below, methods) = unsafe { parts(file) };
    let (Some(write), Ok(bytes), Ok(place)) =
        (methods.xWrite, usize::try_from(bytes), usize::try_from(offset))
    else {
        return ffi::SQLITE_IOERR;
    };
    // SAFETY: SQLite's contract.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), bytes) };
    code(ours.write(place, from, |part| match c_int::try_from(part.len()) {
        // SAFETY: a part of what came, with its own length.
        Ok(bytes) => unsafe { write(below, part.as_ptr().cast(), bytes, offset) },
        Err(_) => ffi::SQLITE_IOERR,
    }))
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    let (ours, below, methods) = unsafe { parts(file) };
    let (Some(truncate), Ok(length)) = (methods.xTruncate, usize::try_from(size)) else {
        return ffi::SQLITE_IOERR;
    };
    // SAFETY: the arguments as they came.
    code(ours.truncate(length, || unsafe { truncate(below, size) }))
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: an open file.
    let (ours, _, _) = unsafe { parts(file) };
    code(ours.sync())
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    let (ours, below, methods) = unsafe { parts(file) };
    let Some(file_size) = methods.xFileSize else { return ffi::SQLITE_IOERR };
    // SAFETY: the arguments as they came.
    code(ours.size(|| unsafe { file_size(below, size) }))
}

// What follows passes through: locks, controls and shared memory are no business of a disk.
// SAFETY of each: an open file, and the arguments as they came.

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xLock.map_or(ffi::SQLITE_IOERR, |lock| unsafe { lock(below, level) })
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xUnlock.map_or(ffi::SQLITE_IOERR, |unlock| unsafe { unlock(below, level) })
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, answer: *mut c_int) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xCheckReservedLock.map_or(ffi::SQLITE_IOERR, |check| unsafe { check(below, answer) })
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods
        .xFileControl
        .map_or(ffi::SQLITE_NOTFOUND, |control| unsafe { control(below, operation, argument) })
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xSectorSize.map_or(0, |size| unsafe { size(below) })
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xDeviceCharacteristics.map_or(0, |characteristics| unsafe { characteristics(below) })
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xShmMap.map_or(ffi::SQLITE_IOERR, |map| unsafe { map(below, region, bytes, extend, out) })
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, offset: c_int, locks: c_int, flags: c_int) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xShmLock.map_or(ffi::SQLITE_IOERR, |lock| unsafe { lock(below, offset, locks, flags) })
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    let (_, below, methods) = unsafe { parts(file) };
    if let Some(barrier) = methods.xShmBarrier {
        unsafe { barrier(below) }
    }
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    let (_, below, methods) = unsafe { parts(file) };
    methods.xShmUnmap.map_or(ffi::SQLITE_OK, |unmap| unsafe { unmap(below, delete) })
}
