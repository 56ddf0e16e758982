//! What registers and the server say to each other.
//!
//! Owns: envelopes, verdicts, feed rows, pages, digests, sales by number, pieces of attachments, pairing, limits and the [`SyncApi`] trait.
//! docs/PROTOCOL.md tells the same in prose. Bodies of operations are the business's own commands and live in [`pos_domain::body`].
//!
//! Must not know: sockets, files, clocks. JSON field names and enum values are append-only.

mod api;
mod attachment;
mod digest;
mod feed;
mod hello;
pub mod latch;
mod links;
mod operation;
mod pairing;
mod problem;
mod sale;
mod verdict;

pub use api::{ApiError, SyncApi};
pub use attachment::{
    AttachmentLimits, AttachmentRefusal, FetchPiece, MAX_PIECE_BYTES, PieceGiven, PieceTaken, SendPiece,
};
pub use digest::{
    DigestAnswer, DigestPart, DigestRequest, MAX_DIGEST_PARTS, Partition, RowsDigest, row_digest,
};
pub use feed::{
    Cursor, CursorFault, FeedRow, OwnOp, PullRequest, PullResponse, SnapshotPage, SnapshotRequest,
};
pub use hello::{Hello, Limits, ProtocolRange, Watermark};
pub use operation::{Heard, Mode, Operation, PushRequest, PushResponse};
pub use pairing::{Business, PairRequest, PairResponse, PairingInvitation};
pub use problem::{Problem, ProblemCode};
pub use sale::{MAX_NUMBER_CHARS, Returned, SaleAnswer, SaleFound, is_printed_number};
pub use verdict::{MappedId, OpVerdict, RejectReason, ShortLine, Verdict};

/// The protocol that this program speaks.
pub const PROTOCOL: u16 = 1;
/// The oldest protocol whose pushes are taken. Never rises: a register that sold must always be able to say so.
pub const OLDEST_PROTOCOL: u16 = 1;
/// Version of the rows in the feed; part of the cursor.
pub const ROW_SCHEMA: u16 = 1;
/// Header that carries the device token as `Bearer <64 hex digits>`.
pub const TOKEN_HEADER: &str = "authorization";
/// Header by which every answer of a real server is known. An answer without it comes from a portal or a proxy.
pub const SERVER_HEADER: &str = "comptoir-server";
/// Most operations of one push.
pub const MAX_BATCH_OPS: usize = 2_000;
/// Most bytes of one push before compression: 2 MiB, some 700 sales. The server writes a page that many sales of a push
/// change once, and every request has costs of its own.
pub const MAX_BATCH_BYTES: usize = 2 << 20;
/// Most bytes of a request as it travels, 1 MiB: a packed batch is a fifth of that, and fits a slow mobile uplink.
pub const MAX_WIRE_BYTES: usize = 1 << 20;
/// Most bytes of a request once unpacked, 4 MiB: a full batch with its envelope, and a sale of 5,000 lines, which has about
/// 3 MiB, must be able to arrive.
pub const MAX_UNPACKED_BYTES: usize = 4 << 20;
/// Most rows of one pull or snapshot page.
pub const MAX_PAGE_ROWS: usize = 5_000;
/// A page is closed once it holds this many bytes of row data: 4 MiB, so that 5,000 rows of a catalogue are one page and
/// a far server is asked a third as often.
pub const MAX_PAGE_BYTES: usize = 4 << 20;
