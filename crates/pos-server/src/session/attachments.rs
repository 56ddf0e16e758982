//! Pictures, as one register sends and fetches them.

use pos_domain::AttachmentHash;
use pos_protocol::{ApiError, FetchPiece, PieceGiven, PieceTaken, ProblemCode, SendPiece};
use pos_sqlite::ReadLane;

use super::{DeviceSession, PageFault};
use crate::attachments;
use crate::error::{refused, unavailable};
use crate::storage::{WriteFault, device};

impl DeviceSession {
    /// Takes a piece of a picture, behind everything that a person waits for.
    pub(super) async fn take_piece(
        &self,
        hash: AttachmentHash,
        piece: SendPiece,
    ) -> Result<PieceTaken, ApiError> {
        let (device_id, now_ms) = (self.device.device_id, self.server.inner.clock.now_ms());
        let job = move |tx: crate::storage::Tx<'_>| -> Result<PieceTaken, PageFault> {
            if device::is_revoked(tx, device_id)? {
                return Err(PageFault::Refused(refused(ProblemCode::Revoked, "this register was revoked")));
            }
            Ok(attachments::take(tx, hash, &piece, now_ms)?)
        };
        self.server.inner.store.write_behind_async(job).await.map_err(|error| {
            if let WriteFault::Job(PageFault::Refused(refusal)) = error {
                return refusal;
            }
            // Whether the piece stands after a COMMIT without an answer shows when the register sends it again.
            unavailable(&error.into())
        })
    }

    /// Gives a piece of a picture.
    pub(super) async fn give_piece(
        &self,
        hash: AttachmentHash,
        request: FetchPiece,
    ) -> Result<PieceGiven, ApiError> {
        self.read(ReadLane::Report, move |tx, _| Ok(attachments::give(tx, hash, request)?)).await
    }
}
