//! What registers of earlier versions send, and what they were answered: recorded once, and kept for ever.
//!
//! `tests/fixtures/protocol/v1` holds a day of a register, byte for byte as it travelled. Every later server must still
//! take the requests and say at least what was said then; every later register must still be able to read the answers.
//! A tape of a released version is never recorded again: a new version gets a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pos_domain::body::EntityKind;
use pos_domain::settings::ShopSettings;
use pos_domain::stock::MovementReason;
use pos_domain::{
    Cashier, CashierId, ConflictChoice, Currency, DeviceId, DeviceKey, OperationBody, OutletId, Role,
    TenantId,
};
use pos_protocol::{
    Business, Hello, Mode, PairRequest, PairResponse, PullRequest, PullResponse, PushRequest, PushResponse,
    SnapshotPage, SnapshotRequest, SyncApi,
};
use pos_server::DeviceSession;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::*;

/// Set this to record a tape into an empty folder.
const RECORD: &str = "COMPTOIR_RECORD_PROTOCOL";
/// What no two servers say alike, and no register builds on.
const OF_ITS_OWN: [&str; 4] = ["token", "authority", "server_time_ms", "mark"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/protocol/v1")
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// Writes what travels.
#[derive(Default)]
struct Recorder {
    count: usize,
}

impl Recorder {
    fn keep(&mut self, kind: &str, name: &str, request: &impl Serialize, response: &impl Serialize) {
        self.count += 1;
        let path = folder().join(format!("{:02}-{kind}-{name}", self.count));
        let write = |ending: &str, text: String| {
            fs::write(path.with_extension(ending), text).expect("the tape is written");
        };
        write("request.json", serde_json::to_string(request).unwrap());
        write("response.json", serde_json::to_string(response).unwrap());
    }

    async fn push(&mut self, name: &str, till: &Register, request: PushRequest) -> PushResponse {
        let response = till.session.push(request.clone()).await.unwrap();
        self.keep("push", name, &request, &response);
        response
    }
}

/// A day of a register, recorded.
#[expect(clippy::too_many_lines, reason = "a day is told in order")]
async fn record() {
    let shop = Shop::open();
    let mut tape = Recorder::default();
    let key = DeviceKey::from_seed(&[7; 32]);
    let request = PairRequest {
        code: pos_server::invite(&shop.place.location, &shop.clock()).unwrap().code,
        device_id: DeviceId(id(1)),
        register: "Caisse 1".to_owned(),
        public_key: key.public(),
        series: None,
        bring: Some(Business {
            tenant_id: TenantId(id(2)),
            outlet_id: OutletId(id(3)),
            settings: ShopSettings::new("Boutique Kaloum", Currency::from_iso("GNF").unwrap(), "fr-GN"),
        }),
    };
    let joined = shop.server.pair(request.clone()).await.unwrap();
    tape.keep("pair", "bring-a-business", &request, &joined);
    let session = shop.server.authenticate(&joined.token).await.unwrap();
    tape.keep("hello", "first", &json!({}), &session.hello().await.unwrap());
    let cashier_id = CashierId(id(4));
    let mut till = Register {
        session,
        device_id: request.device_id,
        key,
        name: request.register.clone(),
        token: joined.token.clone(),
        joined,
        epoch: 1,
        seq: 0,
        chain: pos_domain::chain::ChainHead::START,
        cashier_id,
    };

    let cashier = Cashier { cashier_id, name: "Aïssatou".to_owned(), role: Role::Cashier };
    let milk = product("LAIT");
    let made = [register_create(EntityKind::Cashier, cashier_id.0, &cashier), product_create(&milk, 4)];
    let operations = made.iter().map(|body| till.operation(body, Mode::Fact)).collect();
    tape.push("cashier-and-product", &till, push_of(&till, operations)).await;

    let sale = till.sale(&[(&milk, 1)]);
    let asked = till.operation(&OperationBody::SaleComplete(Box::new(sale.clone())), Mode::Admit);
    tape.push("sale-admitted", &till, push_of(&till, vec![asked.clone()])).await;
    let link = till.seal(&sale, &asked);
    let again = PushRequest { chain: vec![link], ..push_of(&till, vec![asked]) };
    tape.push("the-same-again-with-its-link", &till, again).await;

    let sale = till.sale(&[(&milk, 5)]);
    let asked = till.operation(&OperationBody::SaleComplete(Box::new(sale)), Mode::Admit);
    tape.push("sale-refused", &till, push_of(&till, vec![asked.clone()])).await;
    tape.push("refusal-upgraded", &till, push_of(&till, vec![crate::harness::again(&asked, Mode::Fact)]))
        .await;

    let sale = till.sale(&[(&milk, 1)]);
    let asked = till.operation(&OperationBody::SaleComplete(Box::new(sale)), Mode::Withdraw);
    tape.push("withdrawn-before-it-came", &till, push_of(&till, vec![asked])).await;

    let name = |from: &str, to: &str, at| {
        edit(EntityKind::Product, milk.product_id.0, 1, "name", (json!(from), json!(to)), at)
    };
    let edits = [name(&milk.name, "Lait frais", 10), name("Lait caillé", "Lait entier", 20)];
    let mut operations: Vec<_> = edits.iter().map(|body| till.operation(body, Mode::Fact)).collect();
    let mut blocked = till.operation(&adjust(&milk, MovementReason::Loss, -1), Mode::Fact);
    blocked.depends_on = vec![pos_domain::OpId(id(99))];
    let mut unknown = till.operation(&adjust(&milk, MovementReason::Receipt, 1), Mode::Fact);
    "loyalty.collect".clone_into(&mut unknown.kind);
    let receipt = till.operation(&adjust(&milk, MovementReason::Receipt, 10), Mode::Fact);
    let wrong = till.operation(&adjust(&product("NONE"), MovementReason::Receipt, 1), Mode::Fact);
    operations.extend([blocked, unknown, receipt, wrong]);
    tape.push("edits-and-troubles", &till, push_of(&till, operations)).await;

    let open = till.conflicts().await.into_iter().find(|c| c.kind == pos_domain::ConflictKind::Oversold);
    let decided =
        OperationBody::ConflictResolve(resolve(open.unwrap().conflict_id, ConflictChoice::AcceptCount));
    let decided = till.operation(&decided, Mode::Fact);
    tape.push("conflict-decided", &till, push_of(&till, vec![decided])).await;

    let request = PullRequest { cursor: till.start().await, limit: 100 };
    let page = till.session.pull(request.clone()).await.unwrap();
    tape.keep("pull", "from-the-start", &json!({ "cursor": request.cursor, "limit": request.limit }), &page);
    for kind in EntityKind::ALL {
        let request = SnapshotRequest { entity: kind.as_str().to_owned(), after: None, limit: 100 };
        let asked = json!({ "entity": request.entity, "after": request.after, "limit": request.limit });
        tape.keep("snapshot", kind.as_str(), &asked, &till.session.snapshot(request).await.unwrap());
    }
}

/// The exchanges of the tape in their order: name, request, response.
fn tape() -> Vec<(String, String, String)> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(name) = file.strip_suffix(".request.json") {
            found.entry(name.to_owned()).or_default().0 = text;
        } else if let Some(name) = file.strip_suffix(".response.json") {
            found.entry(name.to_owned()).or_default().1 = text;
        }
    }
    found.into_iter().map(|(name, (request, response))| (name, request, response)).collect()
}

/// A document as an earlier version wrote it, read and written by this one.
fn reread<T: DeserializeOwned + Serialize>(name: &str, text: &str) -> (T, Value) {
    let read: T =
        serde_json::from_str(text).unwrap_or_else(|e| panic!("{name} is not readable any more: {e}"));
    let written = serde_json::to_value(&read).unwrap();
    (read, written)
}

/// Demands that `now` says everything that `then` said: more is welcome, less or other is not.
fn says_at_least(then: &Value, now: &Value, place: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (name, value) in then.iter().filter(|(name, _)| !OF_ITS_OWN.contains(&name.as_str())) {
                let now = now.get(name).unwrap_or_else(|| panic!("{place}.{name} is not said any more"));
                says_at_least(value, now, &format!("{place}.{name}"));
            }
        }
        (Value::Array(then), Value::Array(now)) => {
            assert_eq!(then.len(), now.len(), "{place} has another length");
            for (i, (then, now)) in then.iter().zip(now).enumerate() {
                says_at_least(then, now, &format!("{place}[{i}]"));
            }
        }
        (then, now) => assert_eq!(then, now, "{place} is said otherwise"),
    }
}

#[tokio::test]
async fn a_tape_is_recorded_once() {
    if std::env::var_os(RECORD).is_some() {
        let empty = fs::read_dir(folder()).is_ok_and(|mut entries| entries.next().is_none());
        assert!(empty, "there is a tape already; a released version is never recorded again");
        record().await;
    }
    assert!(
        tape().len() >= 15,
        "the tape of version 1 is there: set {RECORD}=1 in an empty folder to make one"
    );
}

#[test]
fn every_answer_of_version_1_is_still_readable_and_loses_nothing() {
    for (name, request, response) in tape() {
        let kind = name.split('-').nth(1).unwrap();
        let then = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let again = match kind {
            "pair" => reread::<PairResponse>(&name, &response).1,
            "hello" => reread::<Hello>(&name, &response).1,
            "push" => {
                let sent = reread::<PushRequest>(&name, &request).1;
                says_at_least(&then(&request), &sent, &name);
                reread::<PushResponse>(&name, &response).1
            }
            "pull" => reread::<PullResponse>(&name, &response).1,
            "snapshot" => reread::<SnapshotPage>(&name, &response).1,
            other => panic!("{other} is no request of version 1"),
        };
        says_at_least(&then(&response), &again, &name);
    }
}

#[tokio::test]
async fn every_request_of_version_1_is_still_answered_as_it_was() {
    let shop = Shop::open();
    let mut session: Option<DeviceSession> = None;
    for (name, request, response) in tape() {
        let then: Value = serde_json::from_str(&response).unwrap();
        let asked: Value = serde_json::from_str(&request).unwrap();
        let text = |field: &str| asked[field].as_str().unwrap().to_owned();
        let limit = || u32::try_from(asked["limit"].as_u64().unwrap()).unwrap();
        let now = match (name.split('-').nth(1).unwrap(), &session) {
            ("pair", _) => {
                let mut request: PairRequest = serde_json::from_str(&request).unwrap();
                request.code = pos_server::invite(&shop.place.location, &shop.clock()).unwrap().code;
                let joined = shop.server.pair(request).await.unwrap();
                session = Some(shop.server.authenticate(&joined.token).await.unwrap());
                serde_json::to_value(&joined)
            }
            ("hello", Some(session)) => serde_json::to_value(session.hello().await.unwrap()),
            ("push", Some(session)) => {
                let request: PushRequest = serde_json::from_str(&request).unwrap();
                serde_json::to_value(session.push(request).await.unwrap())
            }
            ("pull", Some(session)) => {
                // A cursor belongs to one server; only its place is of the tape.
                let place = text("cursor").split_once('.').unwrap().1.to_owned();
                let authority = session.hello().await.unwrap().authority;
                let cursor = serde_json::from_value(json!(format!("{authority}.{place}"))).unwrap();
                let mut page = session.pull(PullRequest { cursor, limit: limit() }).await.unwrap();
                let recorded: PullResponse = serde_json::from_str(&response).unwrap();
                assert_eq!(page.next.seq, recorded.next.seq, "{name}: the feed has moved as far");
                page.next = recorded.next;
                serde_json::to_value(page)
            }
            ("snapshot", Some(session)) => {
                let request = SnapshotRequest { entity: text("entity"), after: None, limit: limit() };
                serde_json::to_value(session.snapshot(request).await.unwrap())
            }
            (kind, _) => panic!("{kind} is no request of version 1, or nobody has joined"),
        };
        says_at_least(&then, &now.unwrap(), &name);
    }
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}
