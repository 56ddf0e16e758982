//! Pictures of products: added here, shown, and what of them is still to travel.
//!
//! A picture is kept on the disk before any product names it, so a product never names one whose bytes nobody has. What
//! is added and then not used goes by itself after a while.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_devices::picture::{self, MAX_FILE_BYTES, PictureFault};
use pos_domain::{AttachmentHash, MediaType};
use pos_store::attachment_files::AttachmentFolder;
use pos_store::attachments::{self, Counts, State};
use pos_store::{Conn, Store};
use serde_json::json;

use super::sync::u32_of;
use crate::app::App;
use crate::code::ErrorCode;
use crate::demo;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{AddedPicture, OpenPicture, PictureChange, PictureCounts, PictureFile, PictureState};

/// How long bytes are kept that no product names, 30 days: an undone edit may name them again.
const KEEP_UNNAMED_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Pictures that go at once.
const FORGOTTEN_AT_ONCE: u32 = 50;
/// Most pictures of one list.
const MAX_LISTED: u32 = 200;
/// A mebibyte.
const MIB: usize = 1024 * 1024;

impl App {
    /// `picture.add`: makes a picture of a file (base64 of a JPEG, PNG or WebP) and keeps it. A product takes it over by
    /// its name.
    pub async fn add_picture(&self, data: String) -> Result<Outcome<AddedPicture>, AppError> {
        // Told apart before it is unpacked: four characters are three bytes.
        if data.len() / 4 * 3 > MAX_FILE_BYTES {
            return Err(refused(PictureFault::FileTooLarge));
        }
        let now_ms = self.now_ms();
        let make = move |store: &Store| -> Result<(AttachmentHash, Vec<u8>), AppError> {
            let file =
                STANDARD.decode(data.trim()).map_err(|e| AppError::input("data", "base64").caused_by(e))?;
            let bytes = picture::product_picture(&file).map_err(refused)?;
            let hash = AttachmentHash::of(&bytes);
            let folder = AttachmentFolder::of(store.folder());
            folder.keep(hash, &bytes).map_err(|e| AppError::file(store.folder(), e))?;
            Ok((hash, bytes))
        };
        let (hash, bytes) = self.inner.store.beside(make).await?;
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.write(move |tx| Ok(attachments::add(tx, hash, size, now_ms)?)).await?;
        Ok(Outcome::read(AddedPicture { picture: hash, file: shown(MediaType::Jpeg.as_str(), &bytes) }))
    }

    /// `product.picture`: the bytes of a picture; none while they are not here.
    pub async fn picture(&self, name: &str) -> Result<Outcome<Option<PictureFile>>, AppError> {
        let Some(hash) = AttachmentHash::parse(name) else {
            let drawing = demo::picture(name).ok_or_else(|| AppError::input("picture", "unknown"))?;
            return Ok(Outcome::read(Some(shown("image/svg+xml", drawing.as_bytes()))));
        };
        let read = move |store: &Store| -> Result<Option<Vec<u8>>, AppError> {
            let folder = AttachmentFolder::of(store.folder());
            folder.read(hash).map_err(|e| AppError::file(store.folder(), e))
        };
        let bytes = self.inner.store.beside(read).await?;
        let Some(bytes) = bytes else {
            self.note_missing(hash).await;
            return Ok(Outcome::read(None));
        };
        // Another register made it: a page must not be handed a wall.
        let media_type = MediaType::of(&bytes).filter(|_| picture::may_be_shown(&bytes));
        Ok(Outcome::read(media_type.map(|media_type| shown(media_type.as_str(), &bytes))))
    }

    /// `picture.list`: the pictures that are not where they belong yet, what needs a person first.
    pub async fn list_pictures(&self) -> Result<Outcome<Vec<OpenPicture>>, AppError> {
        let open = self.read(|conn| Ok(attachments::list_open(conn, MAX_LISTED)?)).await?;
        let view = |one: attachments::OpenAttachment| {
            let attachments::OpenAttachment { attachment, product } = one;
            OpenPicture {
                picture: attachment.hash,
                product,
                state: match attachment.state {
                    State::Local | State::Uploading => PictureState::Sending,
                    // What is stored is not listed.
                    State::Wanted | State::Fetching | State::Stored => PictureState::Fetching,
                    State::Broken => PictureState::Broken,
                },
                size_bytes: attachment.size_bytes,
                moved_bytes: attachment.offset_bytes,
                next_due_at_ms: attachment.next_due_at_ms,
                error: attachment.error,
            }
        };
        Ok(Outcome::read(open.into_iter().map(view).collect()))
    }

    /// `picture.retry`: tries all of them now; how many.
    pub async fn retry_pictures(&self) -> Result<Outcome<u32>, AppError> {
        let now_ms = self.now_ms();
        let retried = self.write(move |tx| Ok(attachments::retry_all(tx, now_ms)?)).await?;
        if let Some(link) = self.link() {
            link.carry();
        }
        Ok(Outcome::changed(u32::try_from(retried).unwrap_or(u32::MAX), &[Topic::Sync]))
    }

    /// Bytes that should be here and are not are fetched again. A till whose file is only read leaves it to the one that
    /// writes.
    async fn note_missing(&self, hash: AttachmentHash) {
        let now_ms = self.now_ms();
        let known = self.read(move |conn| Ok(attachments::find(conn, hash)?)).await;
        let here = |state| matches!(state, State::Local | State::Uploading | State::Stored);
        if known.ok().flatten().is_some_and(|known| here(known.state)) {
            let noted = self.write(move |tx| Ok(attachments::lost(tx, hash, now_ms)?)).await;
            if let Err(error) = noted {
                tracing::debug!(
                    code = error.code.as_str(),
                    "a picture that is gone could not be asked for again"
                );
            }
        }
    }

    /// Throws away bytes that no product has named for long.
    pub(crate) async fn forget_pictures(&self) -> Result<(), AppError> {
        let before_ms = self.now_ms().saturating_sub(KEEP_UNNAMED_MS);
        if !self.read(move |conn| Ok(attachments::has_unnamed(conn, before_ms)?)).await? {
            return Ok(());
        }
        let unnamed =
            self.write(move |tx| Ok(attachments::forget_unnamed(tx, before_ms, FORGOTTEN_AT_ONCE)?)).await?;
        let remove = move |store: &Store| -> Result<(), AppError> {
            let folder = AttachmentFolder::of(store.folder());
            unnamed
                .iter()
                .try_for_each(|hash| folder.remove(*hash))
                .map_err(|e| AppError::file(store.folder(), e))
        };
        self.inner.store.beside(remove).await
    }
}

/// What a product's picture is after a change.
pub(super) fn changed_picture(
    conn: &Conn,
    change: PictureChange,
    before: Option<String>,
) -> Result<Option<String>, AppError> {
    match change {
        PictureChange::Keep => Ok(before),
        PictureChange::Remove => Ok(None),
        PictureChange::Set(hash) => match attachments::find(conn, hash)? {
            Some(_) => Ok(Some(hash.to_string())),
            None => Err(AppError::input("picture", "unknown")),
        },
    }
}

/// The counts as they are shown.
pub(crate) fn picture_counts(counts: &Counts) -> PictureCounts {
    PictureCounts {
        to_send: u32_of(counts.to_send),
        to_fetch: u32_of(counts.to_fetch),
        broken: u32_of(counts.broken),
    }
}

fn shown(media_type: &str, bytes: &[u8]) -> PictureFile {
    PictureFile { media_type: media_type.to_owned(), data: STANDARD.encode(bytes) }
}

pub(super) fn refused(fault: PictureFault) -> AppError {
    let params = json!({ "reason": fault.code(), "max_mib": MAX_FILE_BYTES / MIB });
    AppError::with(ErrorCode::PictureRefused, params).caused_by(fault)
}
