//! The JSON of every type, and that it reads back as what was written.

use std::fmt::Debug;

use pos_protocol::{Mode, ProblemCode, PullResponse, RejectReason, Verdict};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::samples::{self, row};

/// Writes, reads, writes again: the same both times, and as the snapshot has it. Compares text, because bodies are
/// bytes and have no equality of their own.
fn assert_shape<T: Serialize + DeserializeOwned>(name: &str, value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text, "{name} survives the wire");
    insta::assert_snapshot!(
        name,
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text).unwrap()).unwrap()
    );
}

fn assert_equal_after<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let read: T = serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap();
    assert_eq!(&read, value);
}

#[test]
fn requests_and_answers_of_a_paired_register() {
    assert_shape("hello", &samples::hello());
    assert_shape("push_request", &samples::push(r#"{"head":{}}"#));
    assert_shape("push_response", &samples::push_response());
    assert_shape("pull_request", &samples::pull_request());
    assert_shape("pull_response", &samples::pull_response());
    assert_shape("snapshot_request", &samples::snapshot_request());
    assert_shape("snapshot_page", &samples::snapshot_page());
    assert_equal_after(&samples::push_response());
    assert_equal_after(&samples::pull_response());
    assert_equal_after(&samples::snapshot_page());
    assert_equal_after(&samples::hello());
}

#[test]
fn joining() {
    assert_shape("pairing_invitation", &samples::invitation());
    assert_shape("pair_request", &samples::pair_request());
    assert_shape("pair_response", &samples::pair_response());
}

#[test]
fn every_verdict() {
    for (name, verdict) in samples::verdicts() {
        assert_shape(&format!("verdict_{name}"), &verdict);
        assert_equal_after(&verdict);
    }
}

#[test]
fn every_name_of_a_mode_a_reason_and_a_problem() {
    let modes = [(Mode::Admit, "admit"), (Mode::Fact, "fact"), (Mode::Withdraw, "withdraw")];
    for (mode, name) in modes {
        assert_eq!(serde_json::to_value(mode).unwrap(), json!(name));
    }
    use RejectReason::{ClosedPeriod, Forbidden, UnknownReference, Validation, Withdrawn};
    for reason in [Validation, Forbidden, ClosedPeriod, UnknownReference, Withdrawn] {
        assert_eq!(serde_json::to_value(reason).unwrap(), json!(reason.as_str()), "one name everywhere");
    }
    use ProblemCode as P;
    let codes = [
        (P::BadRequest, "bad_request"),
        (P::Unauthorised, "unauthorised"),
        (P::Revoked, "revoked"),
        (P::PairingRefused, "pairing_refused"),
        (P::BusinessNotEmpty, "business_not_empty"),
        (P::ResnapshotRequired, "resnapshot_required"),
        (P::TooLarge, "too_large"),
        (P::TooManyRequests, "too_many_requests"),
        (P::UpgradeRequired, "upgrade_required"),
        (P::Unavailable, "unavailable"),
    ];
    for (code, name) in codes {
        assert_eq!(serde_json::to_value(code).unwrap(), json!(name));
        assert_equal_after(&samples::problem(code));
    }
    assert_shape("problem", &samples::problem(P::TooManyRequests));
}

#[test]
fn a_field_that_says_nothing_is_not_sent_and_not_needed() {
    let text = serde_json::to_string(&samples::tombstone()).unwrap();
    for absent in ["data", "origin_device", "origin_op"] {
        assert!(!text.contains(absent), "{text}");
    }
    assert!(!serde_json::to_string(&row()).unwrap().contains("deleted"));
    let least: Verdict = serde_json::from_value(json!({"applied": {"feed_seq": 1}})).unwrap();
    assert_eq!(
        least,
        Verdict::Applied {
            feed_seq: 1,
            mapped_ids: vec![],
            rows: vec![],
            conflict_id: None,
            already_gone: false
        }
    );
}

#[test]
fn what_a_newer_server_adds_does_not_stop_an_older_register() {
    let mut page = serde_json::to_value(samples::pull_response()).unwrap();
    page["weather"] = json!("fine");
    page["rows"][0]["entity"] = json!("voucher");
    page["rows"][0]["colour"] = json!("blue");
    let read: PullResponse = serde_json::from_value(page).unwrap();
    assert_eq!(read.rows[0].entity, "voucher", "a kind that is not known is kept");
}

#[test]
fn a_token_does_not_print() {
    let printed = format!("{:?}", samples::pair_response());
    assert!(!printed.contains("5e5e"), "{printed}");
}
