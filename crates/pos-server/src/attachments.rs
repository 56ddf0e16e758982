//! Pictures of products: what is taken, what is given, and what is thrown away.
//!
//! Bytes are taken piece by piece in any rhythm, and count for nothing until all are there and have the digest that
//! names them. They are apart from everything else: no verdict, no row and no cursor knows of them.
//!
//! What must never be: bytes under a name that is not their digest; a piece that leaves a hole; more bytes than the
//! business may have; a picture that goes while a product names it.

use std::collections::HashSet;

use pos_domain::{AttachmentHash, MAX_ATTACHMENT_BYTES, MediaType};
use pos_protocol::{
    AttachmentLimits, AttachmentRefusal, FetchPiece, MAX_PIECE_BYTES, PieceGiven, PieceTaken, SendPiece,
};
use pos_sqlite::ReadLane;
use serde::Deserialize;

use crate::error::ServerError;
use crate::server::Server;
use crate::storage::attachment::{self, Attachment, Seen, State};
use crate::storage::{Sql, Tx, unreadable};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Most bytes of all pictures of a business, 2 GiB: 40,000 of the size that registers make.
const MAX_TOTAL_BYTES: u64 = 2 << 30;
/// How long a picture is kept that no product names: a register that was away for a season may still name it.
const KEEP_UNNAMED_MS: i64 = 90 * DAY_MS;
/// How long the beginning of a picture is kept whose rest does not come.
const KEEP_ARRIVING_MS: i64 = 7 * DAY_MS;
/// Pictures that go in one transaction, so that a sale never waits for a sweep.
const SWEPT_AT_ONCE: usize = 20;

/// What this server announces.
pub(crate) const LIMITS: AttachmentLimits = AttachmentLimits {
    file_bytes: MAX_ATTACHMENT_BYTES,
    piece_bytes: MAX_PIECE_BYTES,
    total_bytes: MAX_TOTAL_BYTES,
};

/// Takes a piece. Whatever was sent before, twice or never, the answer says where to go on.
pub(crate) fn take(tx: Tx<'_>, hash: AttachmentHash, piece: &SendPiece, now_ms: i64) -> Sql<PieceTaken> {
    let refused = |reason| Ok(PieceTaken::Refused { reason });
    if !fits(piece) {
        return refused(AttachmentRefusal::WrongSize);
    }
    let held = match attachment::find(tx, hash)? {
        Some(Attachment { state: State::Stored, .. }) => return Ok(PieceTaken::Stored),
        Some(known) if known.size_bytes == piece.size => known.held_bytes,
        // A digest has one length, so one of the two senders is wrong: whoever begins anew is believed.
        Some(known) if piece.offset > 0 || piece.bytes.is_empty() => {
            return Ok(PieceTaken::Held { bytes: known.held_bytes });
        }
        // Without bytes it is the question how far the server is.
        None if piece.offset > 0 || piece.bytes.is_empty() => return Ok(PieceTaken::Held { bytes: 0 }),
        other => {
            if other.is_some() {
                attachment::remove(tx, hash)?;
            }
            if let Some(reason) = begin(tx, hash, piece, now_ms)? {
                return refused(reason);
            }
            0
        }
    };
    if piece.offset != held || piece.bytes.is_empty() {
        return Ok(PieceTaken::Held { bytes: held });
    }
    let held = attachment::append(tx, hash, piece.offset, &piece.bytes, now_ms)?;
    if held < piece.size {
        return Ok(PieceTaken::Held { bytes: held });
    }
    if attachment::digest(tx, hash)? == hash {
        attachment::complete(tx, hash)?;
        return Ok(PieceTaken::Stored);
    }
    attachment::remove(tx, hash)?;
    refused(AttachmentRefusal::WrongHash)
}

/// Whether a piece lies within a picture of a size that may be.
fn fits(piece: &SendPiece) -> bool {
    let bytes = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
    let end = piece.offset.checked_add(bytes);
    (1..=MAX_ATTACHMENT_BYTES).contains(&piece.size)
        && bytes <= MAX_PIECE_BYTES
        && end.is_some_and(|end| end <= piece.size)
}

/// Begins a picture by its first piece, or says why it may not begin.
fn begin(tx: Tx<'_>, hash: AttachmentHash, piece: &SendPiece, now_ms: i64) -> Sql<Option<AttachmentRefusal>> {
    let Some(media_type) = MediaType::of(&piece.bytes) else {
        return Ok(Some(AttachmentRefusal::NotAPicture));
    };
    if attachment::total_bytes(tx)?.saturating_add(piece.size.into()) > MAX_TOTAL_BYTES {
        return Ok(Some(AttachmentRefusal::Full));
    }
    attachment::begin(tx, hash, piece.size, media_type, now_ms)?;
    Ok(None)
}

/// Gives a piece of a picture that is all there.
pub(crate) fn give(tx: Tx<'_>, hash: AttachmentHash, request: FetchPiece) -> Sql<PieceGiven> {
    let Some(known) = attachment::find(tx, hash)?.filter(|known| known.state == State::Stored) else {
        return Ok(PieceGiven::NotHere);
    };
    let limit = request.limit.min(MAX_PIECE_BYTES);
    let bytes = attachment::find_piece(tx, hash, request.offset, limit)?;
    Ok(PieceGiven::Piece { size: known.size_bytes, media_type: known.media_type, bytes })
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Pictures that no product has named for long, and beginnings whose rest never came: gone.
    pub removed: usize,
    /// Pictures that no product names since this sweep or an earlier one, and that are still kept.
    pub unnamed: usize,
}

impl Server {
    /// Throws away the pictures that no product has named for 90 days. Runs beside everything else, a few at a time.
    ///
    /// # Errors
    /// Those of the database; what went before is gone.
    pub async fn sweep_attachments(&self) -> Result<Swept, ServerError> {
        let now_ms = self.inner.clock.now_ms();
        let (seen, named) = self
            .inner
            .store
            .read_async(ReadLane::Report, |tx| {
                Ok::<_, crate::StorageError>((attachment::list(tx)?, named(tx)?))
            })
            .await?;
        let mut swept = Swept::default();
        let mut changes = Vec::new();
        for one in seen {
            let is_named = named.contains(&one.hash);
            let change = Change::of(&one, is_named, now_ms);
            if change == Change::Remove {
                swept.removed += 1;
            } else if one.state == State::Stored && !is_named {
                swept.unnamed += 1;
            }
            if change != Change::Keep {
                changes.push((one.hash, change));
            }
        }
        for some in changes.chunks(SWEPT_AT_ONCE) {
            let some = some.to_vec();
            let job = move |tx: Tx<'_>| some.iter().try_for_each(|(hash, change)| change.make(tx, *hash));
            self.inner.store.write_behind_async(job).await?;
        }
        Ok(swept)
    }
}

/// What a sweep does with one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Keep,
    Mark(Option<i64>),
    Remove,
}

impl Change {
    fn of(one: &Seen, named: bool, now_ms: i64) -> Self {
        let since = |ms: i64| now_ms.saturating_sub(ms);
        match (one.state, named, one.unnamed_since_ms) {
            (State::Arriving, _, _) if since(one.touched_at_ms) > KEEP_ARRIVING_MS => Self::Remove,
            (State::Arriving, _, _) | (State::Stored, true, None) => Self::Keep,
            (State::Stored, true, Some(_)) => Self::Mark(None),
            (State::Stored, false, None) => Self::Mark(Some(now_ms)),
            (State::Stored, false, Some(at_ms)) if since(at_ms) > KEEP_UNNAMED_MS => Self::Remove,
            (State::Stored, false, Some(_)) => Self::Keep,
        }
    }

    fn make(self, tx: Tx<'_>, hash: AttachmentHash) -> Sql<()> {
        match self {
            Self::Keep => Ok(()),
            Self::Mark(since_ms) => attachment::set_unnamed(tx, hash, since_ms),
            Self::Remove => attachment::remove(tx, hash),
        }
    }
}

/// The one field of a product that matters here.
#[derive(Deserialize)]
struct Pictured {
    picture: Option<String>,
}

/// Every picture that a product names.
fn named(tx: Tx<'_>) -> Sql<HashSet<AttachmentHash>> {
    let mut named = HashSet::new();
    attachment::each_pictured(tx, |fields| {
        let product: Pictured = serde_json::from_str(fields).map_err(unreadable)?;
        named.extend(product.picture.as_deref().and_then(AttachmentHash::parse));
        Ok(())
    })?;
    Ok(named)
}
