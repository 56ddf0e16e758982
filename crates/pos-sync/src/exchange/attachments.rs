//! Carrying pictures: one piece at a time, when nothing else is under way.
//!
//! What a try brought stands in the attachment's own row with the time of the next one; nobody else hears of it. A
//! failure neither opens the breaker nor stops a lane: a server that cannot keep a picture still takes sales.
//!
//! Bytes are read and written beside the database, so a slow disk holds no thread of it.

use std::io;
use std::time::Duration;

use pos_domain::MAX_ATTACHMENT_BYTES;
use pos_protocol::{ApiError, AttachmentRefusal, FetchPiece, PieceGiven, PieceTaken, SendPiece, SyncApi};
use pos_store::attachment_files::{Arrived, AttachmentFolder};
use pos_store::attachments::{self, Attachment, Direction, State};
use pos_store::{Changed, StoreError, Topic};

use super::stop::SinceThen;
use super::{COUNTER_OPEN_MS, Exchange};
use crate::backoff::{MAX_RETRY_AFTER, clock_millis, millis};
use crate::trouble;

/// Shortest pause between two pieces, 50 ms. A longer one follows a slow piece: half of the line's time is left to
/// others.
const PAUSE: Duration = Duration::from_millis(50);
/// First wait after a try that brought nothing, 2 s; doubled with each one after it,
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// up to this, 10 min: a picture that another register still has to send is looked for all day.
const LAST_WAIT: Duration = Duration::from_secs(600);
/// Pause after a failure that is not one of the picture, 60 s: of the server's line, or of this register's disk.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);
/// How long a server that is full is left alone, 1 h: a person has to make room.
const FULL_PAUSE: Duration = Duration::from_secs(3_600);

/// All bytes came and were others.
const WRONG_HASH: &str = "wrong_hash";
/// The server does not have it yet.
const NOT_HERE: &str = "not_here";
/// The server's answer makes no sense.
const NO_SENSE: &str = "no_sense";
/// This register's disk.
const DISK: &str = "disk";

/// Bytes of a piece, so that one takes about as long as a customer does not notice on the same line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PieceSize(u32);

impl PieceSize {
    /// 4 KiB: less travels no sooner.
    const LEAST: u32 = 4 * 1024;
    /// A piece that took longer is halved,
    const SLOW: Duration = Duration::from_millis(500);
    /// and one that took less is doubled.
    const QUICK: Duration = Duration::from_millis(200);

    /// What may travel now.
    fn bytes(self, most: u32) -> u32 {
        self.0.min(most).max(1)
    }

    /// A piece of this size took so long.
    fn took(&mut self, took: Duration, most: u32) {
        if took > Self::SLOW {
            self.0 = (self.0 / 2).max(Self::LEAST);
        } else if took < Self::QUICK {
            self.0 = self.0.saturating_mul(2).min(most.max(Self::LEAST));
        }
    }
}

impl Default for PieceSize {
    /// 16 KiB: half a second on a link of 300 kbit/s.
    fn default() -> Self {
        Self(16 * 1024)
    }
}

/// What one try did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// There was nothing to carry; when there will be.
    Nothing { due_in: Option<Duration> },
    /// The server was asked, and the row says what came of it.
    Tried,
    /// The server did not answer as one, or this register's disk failed.
    Failed { pause: Duration },
}

/// What is to be written about one attachment.
enum Note {
    Moved {
        offset: u32,
        size: u32,
    },
    Stored {
        size: u32,
    },
    PutOff {
        offset: u32,
        error: &'static str,
        wait: Duration,
    },
    Broken {
        error: &'static str,
    },
    /// The bytes are here after all, such as beside a file that was put back from an older copy.
    Here {
        size: u32,
    },
    Lost,
    Unnamed,
}

impl<A: SyncApi> Exchange<A> {
    /// Carries one piece. When to come back; none when nothing is left to carry.
    pub(crate) async fn carry(&self) -> Option<Duration> {
        let served_ms_ago = self.now_ms().abs_diff(self.live().served_at_ms);
        if served_ms_ago < COUNTER_OPEN_MS {
            return Some(Duration::from_millis(COUNTER_OPEN_MS.saturating_sub(served_ms_ago)));
        }
        let began = (self.stopwatch)();
        let carried = self.carry_one().await;
        let took = (self.stopwatch)().saturating_sub(began);
        match carried {
            Ok(Carried::Nothing { due_in }) => due_in,
            Ok(Carried::Tried) => Some(took.max(PAUSE)),
            Ok(Carried::Failed { pause }) => Some(pause),
            Err(error) => {
                tracing::warn!(%error, "the queue of pictures could not be read or written");
                Some(TROUBLE_PAUSE)
            }
        }
    }

    /// Carries what is due, for a program without a background. How many pictures arrived where they belong.
    pub(super) async fn carry_everything(&self, stops: &SinceThen) -> Result<u32, StoreError> {
        let waiting = |counts: attachments::Counts| counts.to_send.saturating_add(counts.to_fetch);
        let before = waiting(self.read(attachments::counts).await?);
        while stops.check().is_ok() && self.carry_one().await? == Carried::Tried {}
        let after = waiting(self.read(attachments::counts).await?);
        Ok(u32::try_from(before.saturating_sub(after)).unwrap_or(u32::MAX))
    }

    async fn carry_one(&self) -> Result<Carried, StoreError> {
        let Some(limits) = self.live().attachments else { return Ok(Carried::Nothing { due_in: None }) };
        let now_ms = self.now_ms();
        let (due, next_ms) = self
            .read(move |conn| Ok((attachments::find_due(conn, now_ms)?, attachments::next_due_ms(conn)?)))
            .await?;
        let Some(one) = due else {
            let wait = next_ms.map(|at_ms| u64::try_from(at_ms.saturating_sub(now_ms)).unwrap_or(0));
            return Ok(Carried::Nothing { due_in: wait.map(Duration::from_millis) });
        };
        let hash = one.hash;
        if !self.read(move |conn| attachments::is_named(conn, hash)).await? {
            self.write_down(&one, Note::Unnamed).await?;
            return Ok(Carried::Tried);
        }
        let most = limits.piece_bytes.min(pos_protocol::MAX_PIECE_BYTES);
        let bytes = self.live().piece.bytes(most);
        let began = (self.stopwatch)();
        let done = match one.direction {
            Direction::Up => self.send(&one, bytes).await,
            Direction::Down => self.fetch_some(&one, bytes).await,
        };
        let took = (self.stopwatch)().saturating_sub(began);
        match done {
            Ok(note) => {
                self.live().piece.took(took, most);
                self.write_down(&one, note).await?;
                Ok(Carried::Tried)
            }
            Err(fault) => {
                let (error, pause) = fault.meaning();
                tracing::info!(%hash, error, "a picture was not carried");
                let wait = pause.max(wait_after(one.attempts));
                self.write_down(&one, Note::PutOff { offset: one.offset_bytes, error, wait }).await?;
                self.live().piece.took(took, most);
                Ok(Carried::Failed { pause })
            }
        }
    }

    /// Sends the next bytes. Before the first ones it asks how far the server is: another register may have sent them.
    async fn send(&self, one: &Attachment, limit: u32) -> Result<Note, Fault> {
        let (hash, offset, size) = (one.hash, one.offset_bytes, one.size_bytes.unwrap_or(0));
        let bytes = if one.state == State::Local {
            Vec::new()
        } else {
            let read = self.beside(move |folder| folder.read_piece(hash, offset, limit)).await;
            match read {
                Ok(bytes) if !bytes.is_empty() => bytes,
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Fault::Disk(error)),
                Ok(_) | Err(_) => return Ok(Note::Lost),
            }
        };
        let asked = bytes.is_empty();
        match self.api.send_piece(hash, SendPiece { size, offset, bytes }).await? {
            PieceTaken::Stored => Ok(Note::Stored { size }),
            PieceTaken::Held { bytes } if bytes >= size || (!asked && bytes == offset) => {
                Ok(Note::PutOff { offset: 0, error: NO_SENSE, wait: wait_after(one.attempts) })
            }
            PieceTaken::Held { bytes } => Ok(Note::Moved { offset: bytes, size }),
            PieceTaken::Refused { reason: AttachmentRefusal::WrongHash } => {
                let whole = self.beside(move |folder| folder.read(hash)).await.map_err(Fault::Disk)?;
                Ok(if whole.is_some() { spoilt(one) } else { Note::Lost })
            }
            PieceTaken::Refused { reason: reason @ AttachmentRefusal::Full } => {
                Ok(Note::PutOff { offset: 0, error: reason.as_str(), wait: FULL_PAUSE })
            }
            PieceTaken::Refused {
                reason: reason @ (AttachmentRefusal::WrongSize | AttachmentRefusal::NotAPicture),
            } => Ok(Note::Broken { error: reason.as_str() }),
        }
    }

    /// Fetches the next bytes, behind those that lie here.
    async fn fetch_some(&self, one: &Attachment, limit: u32) -> Result<Note, Fault> {
        let hash = one.hash;
        let look = |folder: &AttachmentFolder, hash| Ok((folder.arrived_bytes(hash)?, folder.read(hash)?));
        let (offset, whole) = self.beside(move |folder| look(folder, hash)).await.map_err(Fault::Disk)?;
        if let Some(bytes) = whole {
            return Ok(Note::Here { size: u32::try_from(bytes.len()).unwrap_or(u32::MAX) });
        }
        let offset = if offset > MAX_ATTACHMENT_BYTES { 0 } else { offset };
        let given = self.api.fetch_piece(hash, FetchPiece { offset, limit }).await?;
        let PieceGiven::Piece { size, media_type: _, bytes } = given else {
            return Ok(Note::PutOff { offset, error: NOT_HERE, wait: wait_after(one.attempts) });
        };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let end = offset.saturating_add(length);
        if size > MAX_ATTACHMENT_BYTES || (length == 0 && offset < size) {
            return Ok(Note::PutOff { offset, error: NO_SENSE, wait: wait_after(one.attempts) });
        }
        let arrived = self.beside(move |folder| {
            if length > 0 {
                folder.arrive(hash, offset, &bytes)?;
            }
            // More bytes than there should be are others than there should be.
            if end >= size { folder.finish(hash).map(Some) } else { Ok(None) }
        });
        match arrived.await.map_err(Fault::Disk)? {
            None => Ok(Note::Moved { offset: end, size }),
            Some(Arrived::Whole) => Ok(Note::Stored { size }),
            Some(Arrived::Spoilt) => Ok(spoilt(one)),
        }
    }

    async fn write_down(&self, one: &Attachment, note: Note) -> Result<(), StoreError> {
        let (hash, now_ms) = (one.hash, self.now_ms());
        let here_now = one.direction == Direction::Down && matches!(note, Note::Stored { .. });
        self.write(move |tx| match note {
            Note::Moved { offset, size } => attachments::moved(tx, hash, offset, size, now_ms),
            Note::Stored { size } => attachments::stored(tx, hash, size, now_ms),
            Note::PutOff { offset, error, wait } => {
                let due_ms = now_ms.saturating_add(clock_millis(wait));
                attachments::put_off(tx, hash, offset, error, due_ms)
            }
            Note::Broken { error } => attachments::broken(tx, hash, error, now_ms),
            Note::Here { size } => attachments::add(tx, hash, size, now_ms),
            Note::Lost => attachments::lost(tx, hash, now_ms),
            Note::Unnamed => attachments::rest(tx, hash),
        })
        .await?;
        if here_now {
            self.announce(Changed { topics: [Topic::Pictures, Topic::Sync].into(), ..Changed::default() });
        }
        Ok(())
    }

    /// Works with the files beside the database.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&AttachmentFolder) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let done =
            self.store.beside(move |store| Ok::<_, StoreError>(work(&AttachmentFolder::of(store.folder()))));
        done.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// Why nothing came of a try, for no fault of the picture.
enum Fault {
    Api(ApiError),
    Disk(io::Error),
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl Fault {
    /// Its code, and how long the lane rests.
    fn meaning(&self) -> (&'static str, Duration) {
        match self {
            Self::Api(error) => {
                let told = match error {
                    ApiError::Refused { problem } => problem.retry_after_ms.map(Duration::from_millis),
                    ApiError::Unreachable { .. }
                    | ApiError::NoAnswer { .. }
                    | ApiError::NotTheServer { .. }
                    | ApiError::WrongCertificate { .. } => None,
                };
                (trouble::code(error), told.unwrap_or(FIRST_WAIT).clamp(FIRST_WAIT, MAX_RETRY_AFTER))
            }
            Self::Disk(error) => {
                tracing::warn!(%error, "the bytes of a picture could not be read or written");
                (DISK, TROUBLE_PAUSE)
            }
        }
    }
}

/// All bytes came and were others: once it may have been an accident.
fn spoilt(one: &Attachment) -> Note {
    if one.error.as_deref() == Some(WRONG_HASH) {
        return Note::Broken { error: WRONG_HASH };
    }
    Note::PutOff { offset: 0, error: WRONG_HASH, wait: wait_after(one.attempts) }
}

/// The wait after so many tries that brought nothing.
fn wait_after(attempts: u32) -> Duration {
    let doubled = 1_u64.checked_shl(attempts.min(16)).unwrap_or(1);
    Duration::from_millis(millis(FIRST_WAIT).saturating_mul(doubled)).min(LAST_WAIT)
}
