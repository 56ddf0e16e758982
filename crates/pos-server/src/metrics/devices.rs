//! What each register did since the server started. Registers that only try to get in are not among them, so the
//! memory is bounded by the registers of the business.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pos_domain::DeviceId;
use pos_protocol::PushResponse;

use super::{VERDICTS, metric, verdict_slot};

/// What one register did.
#[derive(Debug, Default, Clone)]
struct Device {
    pushes: u64,
    duplicates: u64,
    verdicts: [u64; VERDICTS.len()],
    rows_sent: u64,
    /// Milliseconds since 1970 UTC.
    last_push_ms: Option<i64>,
    /// Milliseconds since 1970 UTC.
    last_pull_ms: Option<i64>,
}

/// Name, help and value of something that is told of each register.
type Told<T> = (&'static str, &'static str, fn(&Device) -> T);

/// What each register did.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<BTreeMap<DeviceId, Device>>);

impl Devices {
    fn all(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Device>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A push of a register was answered.
    pub(crate) fn pushed(&self, device_id: DeviceId, answer: &PushResponse, now_ms: i64) {
        let mut all = self.all();
        let device = all.entry(device_id).or_default();
        device.pushes = device.pushes.saturating_add(1);
        device.last_push_ms = Some(now_ms);
        for verdict in &answer.verdicts {
            device.duplicates = device.duplicates.saturating_add(u64::from(verdict.duplicate));
            if let Some(counter) = device.verdicts.get_mut(verdict_slot(&verdict.verdict)) {
                *counter = counter.saturating_add(1);
            }
        }
    }

    /// A register has read a page of the feed.
    pub(crate) fn pulled(&self, device_id: DeviceId, rows: usize, now_ms: i64) {
        let mut all = self.all();
        let device = all.entry(device_id).or_default();
        device.rows_sent = device.rows_sent.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        device.last_pull_ms = Some(now_ms);
    }

    /// Appends their lines to the page that Prometheus reads.
    pub(super) fn write(&self, text: &mut String) {
        let all = self.all().clone();
        let counters: [Told<u64>; 3] = [
            ("comptoir_device_pushes_total", "Pushes answered, by register", |d| d.pushes),
            ("comptoir_device_duplicates_total", "Operations that had come before, by register", |d| {
                d.duplicates
            }),
            ("comptoir_device_rows_sent_total", "Rows of the feed sent, by register", |d| d.rows_sent),
        ];
        for (name, help, value) in counters {
            metric(text, name, help, "counter");
            for (device_id, device) in &all {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{name}{{device=\"{device_id}\"}} {}", value(device));
            }
        }
        let name = "comptoir_device_verdicts_total";
        metric(text, name, "Operations by register and verdict", "counter");
        for (device_id, device) in &all {
            for (verdict, count) in VERDICTS.iter().zip(device.verdicts).filter(|(_, count)| *count > 0) {
                let _ = writeln!(text, "{name}{{device=\"{device_id}\",verdict=\"{verdict}\"}} {count}");
            }
        }
        let times: [Told<Option<i64>>; 2] = [
            ("comptoir_device_last_push_seconds", "Last push, by register, since 1970 UTC", |d| {
                d.last_push_ms
            }),
            (
                "comptoir_device_last_pull_seconds",
                "Last page of the feed, by register, since 1970 UTC",
                |d| d.last_pull_ms,
            ),
        ];
        for (name, help, at) in times {
            metric(text, name, help, "gauge");
            for (device_id, device) in &all {
                if let Some(at_ms) = at(device) {
                    let (seconds, rest) = (at_ms.div_euclid(1_000), at_ms.rem_euclid(1_000));
                    let _ = writeln!(text, "{name}{{device=\"{device_id}\"}} {seconds}.{rest:03}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pos_domain::OpId;
    use pos_protocol::{OpVerdict, Verdict};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_register_has_its_own_lines() {
        let devices = Devices::default();
        let verdict =
            |duplicate| OpVerdict { op_id: OpId(Uuid::nil()), duplicate, verdict: Verdict::UnknownKind };
        let answer = PushResponse {
            verdicts: vec![verdict(false), verdict(true)],
            chain_head: None,
            chain_fault: None,
            server_epoch: 1,
            server_time_ms: 0,
        };
        let (one, other) = (DeviceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        devices.pushed(one, &answer, 1_767_225_600_042);
        devices.pulled(other, 3, 1_767_225_601_000);
        let mut text = String::new();
        devices.write(&mut text);
        for line in [
            format!("comptoir_device_pushes_total{{device=\"{one}\"}} 1"),
            format!("comptoir_device_duplicates_total{{device=\"{one}\"}} 1"),
            format!("comptoir_device_verdicts_total{{device=\"{one}\",verdict=\"unknown_kind\"}} 2"),
            format!("comptoir_device_last_push_seconds{{device=\"{one}\"}} 1767225600.042"),
            format!("comptoir_device_rows_sent_total{{device=\"{other}\"}} 3"),
            format!("comptoir_device_last_pull_seconds{{device=\"{other}\"}} 1767225601.000"),
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing:\n{text}");
        }
        assert!(
            !text.contains(&format!("comptoir_device_last_push_seconds{{device=\"{other}\"")),
            "it never pushed"
        );
    }
}
