//! Chain links on the wire: what a link shares with the one before it is not written again.
//!
//! A register sends hundreds of links in a row. Device, epoch and series are always the same, the number is the next,
//! the previous hash is the hash of the link before, and a link's own hash is what its fields give. Each may be left
//! out where it is exactly that, and is written where it is not: so a broken link travels as it is, and a link with
//! every field written is read as well.

use pos_domain::chain::Signature64;
use pos_domain::document::DocumentKind;
use pos_domain::{ChainRecord, DeviceId, Hash32};
use serde::de::Error as _;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A link with what it does not share with the one before it.
#[derive(Serialize, Deserialize)]
struct Link {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_id: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    series: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    kind: DocumentKind,
    document_id: Uuid,
    issued_at_ms: i64,
    document_hash: Hash32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_hash: Option<Hash32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<Hash32>,
    signature: Signature64,
}

impl Link {
    fn beside(record: &ChainRecord, before: Option<&ChainRecord>) -> Self {
        let unlike = |alike: fn(&ChainRecord, &ChainRecord) -> bool| before.is_none_or(|b| !alike(b, record));
        Self {
            device_id: unlike(|b, r| b.device_id == r.device_id).then_some(record.device_id),
            epoch: unlike(|b, r| b.epoch == r.epoch).then_some(record.epoch),
            series: unlike(|b, r| b.series == r.series).then(|| record.series.clone()),
            number: unlike(|b, r| b.number.checked_add(1) == Some(r.number)).then_some(record.number),
            kind: record.kind,
            document_id: record.document_id.0,
            issued_at_ms: record.issued_at_ms,
            document_hash: record.document_hash,
            previous_hash: unlike(|b, r| b.hash == r.previous_hash).then_some(record.previous_hash),
            hash: (record.computed_hash() != record.hash).then_some(record.hash),
            signature: record.signature,
        }
    }

    /// The whole link; `None` when it leaves something out and stands behind none.
    fn after(self, before: Option<&ChainRecord>) -> Option<ChainRecord> {
        let mut record = ChainRecord {
            device_id: self.device_id.or_else(|| before.map(|b| b.device_id))?,
            epoch: self.epoch.or_else(|| before.map(|b| b.epoch))?,
            series: self.series.or_else(|| before.map(|b| b.series.clone()))?,
            number: self.number.or_else(|| before.and_then(|b| b.number.checked_add(1)))?,
            kind: self.kind,
            document_id: self.document_id.into(),
            issued_at_ms: self.issued_at_ms,
            document_hash: self.document_hash,
            previous_hash: self.previous_hash.or_else(|| before.map(|b| b.hash))?,
            hash: Hash32::GENESIS,
            signature: self.signature,
        };
        record.hash = self.hash.unwrap_or_else(|| record.computed_hash());
        Some(record)
    }
}

pub(crate) fn serialize<S: Serializer>(records: &[ChainRecord], to: S) -> Result<S::Ok, S::Error> {
    let mut links = to.serialize_seq(Some(records.len()))?;
    let mut before = None;
    for record in records {
        links.serialize_element(&Link::beside(record, before))?;
        before = Some(record);
    }
    links.end()
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ChainRecord>, D::Error> {
    let links = Vec::<Link>::deserialize(from)?;
    let mut records: Vec<ChainRecord> = Vec::with_capacity(links.len());
    for link in links {
        let record = link.after(records.last());
        records.push(record.ok_or_else(|| D::Error::custom("the first link leaves something out"))?);
    }
    Ok(records)
}
