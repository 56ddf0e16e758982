//! The real program: what it prints, and what it keeps when it is killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use pos_domain::{DeviceId, DeviceKey, OperationBody};
use pos_protocol::{Mode, OpVerdict, Operation, PairRequest, PairResponse, PushResponse};
use serde_json::{Value, json};

use crate::client::{Ask, get, post, send};
use crate::harness::*;
use crate::store::Place;

const PROGRAM: &str = env!("CARGO_BIN_EXE_comptoir-server");

/// A running server; killed when the test ends, whatever happens.
struct Running {
    child: Child,
    address: SocketAddr,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(place: &Place) -> Running {
    let mut child = Command::new(PROGRAM)
        .args(["--json", "serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(place.folder.path())
        .envs(place.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let address = said["address"].as_str().unwrap().parse().unwrap();
    Running { child, address, url: said["server"].as_str().unwrap().to_owned() }
}

fn run(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("--json").args(arguments).arg("--data").arg(place.folder.path()).envs(place.environment());
    command.output().unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{fault}: {output:?}"))
}

/// A register of the program, without a session in this process.
struct Remote {
    till: Register,
    address: SocketAddr,
}

impl Remote {
    fn push(&self, operations: Vec<Operation>) -> std::io::Result<Vec<OpVerdict>> {
        let push = push_of(&self.till, operations);
        let ask = post("/v1/sync/push", &self.till.token, serde_json::to_vec(&push).unwrap());
        send(self.address, &ask).map(|reply| reply.json::<PushResponse>().verdicts)
    }
}

fn join(place: &Place, server: &Running) -> (PairResponse, DeviceId, DeviceKey) {
    let invitation = document(&run(place, &["pair"]));
    assert_eq!(invitation["server"], server.url.as_str());
    assert_eq!(invitation["pins"], json!([]));
    assert!(invitation["expires_at"].as_str().unwrap().ends_with('Z'));
    let key = DeviceKey::from_seed(&[7; 32]);
    let request = PairRequest {
        code: invitation["code"].as_str().unwrap().to_owned(),
        device_id: DeviceId(next_id()),
        register: "Caisse 1".to_owned(),
        public_key: key.public(),
        series: None,
        bring: None,
    };
    let ask = Ask { token: None, ..post("/v1/pair", "", serde_json::to_vec(&request).unwrap()) };
    (send(server.address, &ask).unwrap().json(), request.device_id, key)
}

/// A register whose ids and documents are made by a shop in this process; only its identity is the program's.
async fn remote_register(
    joined: PairResponse,
    device_id: DeviceId,
    key: DeviceKey,
    server: &Running,
) -> (Remote, pos_domain::Product) {
    let shop = Shop::open();
    let helper = shop.join("Caisse 1").await;
    let till = Register { device_id, key, token: joined.token.clone(), joined, seq: 0, ..helper };
    let mut remote = Remote { till, address: server.address };
    let milk = product("LAIT");
    let cashier = pos_domain::Cashier {
        cashier_id: remote.till.cashier_id,
        name: "Aïssatou".to_owned(),
        role: pos_domain::Role::Cashier,
    };
    let bodies = [
        register_create(pos_domain::body::EntityKind::Cashier, cashier.cashier_id.0, &cashier),
        product_create(&milk, 100_000),
    ];
    let setup = bodies.iter().map(|body| remote.till.operation(body, Mode::Fact)).collect();
    assert!(remote.push(setup).unwrap().iter().all(|verdict| is_applied(&verdict.verdict)));
    (remote, milk)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_verdict_is_lost_by_kill_minus_9() {
    let place = Place::new();
    let server = serve(&place);
    let (joined, device_id, key) = join(&place, &server);
    let (mut remote, milk) = remote_register(joined, device_id, key, &server).await;
    let mut server = Some(server);
    let mut acknowledged: Vec<(Operation, OpVerdict)> = Vec::new();
    let mut sold = 0;
    for round in 0..12 {
        // The killer strikes while pushes are on their way: at another moment of the commit in each round.
        let pid = server.as_ref().unwrap().child.id();
        let strike_after = 3 + round;
        let mut unanswered = None;
        for n in 0.. {
            let body = OperationBody::SaleComplete(Box::new(remote.till.sale(&[(&milk, 1)])));
            let operation = remote.till.operation(&body, Mode::Fact);
            sold += 1;
            if n == strike_after {
                std::thread::spawn(move || {
                    drop(Command::new("kill").args(["-9", &pid.to_string()]).status());
                });
            }
            match remote.push(vec![operation.clone()]) {
                Ok(mut verdicts) => acknowledged.push((operation, verdicts.remove(0))),
                Err(_) => {
                    unanswered = Some(operation);
                    break;
                }
            }
        }
        drop(server.take());
        let next = serve(&place);
        remote.address = next.address;
        server = Some(next);
        let again = remote.push(vec![unanswered.unwrap()]).unwrap().remove(0);
        assert!(is_applied(&again.verdict), "round {round}: unknown becomes known, once: {again:?}");
        for (operation, before) in &acknowledged {
            let after = remote.push(vec![operation.clone()]).unwrap().remove(0);
            assert!(after.duplicate, "round {round}: it was stored before it was answered");
            assert_eq!(feed_seq(&after.verdict), feed_seq(&before.verdict));
        }
        acknowledged.truncate(20);
    }
    let stock = document(&run(&place, &["stock", "LAIT"]));
    let left = (100_000 - sold).to_string();
    assert_eq!(
        stock,
        json!({ "code": "LAIT", "on_hand": left, "oversold": "0" }),
        "nothing lost, nothing doubled"
    );
    let totals = document(&run(&place, &["totals"]));
    assert_eq!(totals["documents"][0]["count"], sold);
    drop(server);
    let verified = run(&place, &["verify"]);
    assert_eq!(
        (verified.status.code(), document(&verified)),
        (Some(0), json!({ "ok": true, "findings": [] }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_answers_its_shell_as_documented() {
    let place = Place::new();
    let never = run(&place, &["pair"]);
    assert_eq!(
        (never.status.code(), &document(&never)["error"]["code"]),
        (Some(3), &json!("server.never_served"))
    );
    let none = run(&place, &["stock", "LAIT"]);
    assert_eq!(
        (none.status.code(), &document(&none)["error"]["code"]),
        (Some(3), &json!("server.no_business"))
    );
    let init = ["init", "--business", "Corner Shop", "--currency", "GBP", "--locale", "en-GB"];
    let made = run(&place, &init);
    assert_eq!(made.status.code(), Some(0));
    assert_eq!(document(&run(&place, &init))["error"]["code"], "server.already_initialised");
    let wrong = run(&place, &["init", "--business", "X", "--currency", "XXQ", "--locale", "en"]);
    assert_eq!(
        document(&wrong)["error"],
        json!({
            "code": "server.invalid_business", "params": { "field": "currency" }, "retryable": false,
        })
    );
    assert_eq!(run(&place, &["dance"]).status.code(), Some(2), "wrong usage");
    let server = serve(&place);
    let second = run(&place, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(
        (second.status.code(), &document(&second)["error"]["code"]),
        (Some(4), &json!("server.environment"))
    );
    let (joined, device_id, _) = join(&place, &server);
    assert_eq!(joined.business.settings.currency.code(), "GBP");
    let unknown = run(&place, &["stock", "LAIT"]);
    assert_eq!(document(&unknown)["error"]["params"], json!({ "code": "LAIT" }));
    assert_eq!(document(&run(&place, &["totals"])), json!({ "documents": [] }));
    let devices = document(&run(&place, &["devices", "list"]));
    assert_eq!(devices["devices"][0]["device_id"], json!(device_id));
    let id = device_id.to_string();
    assert_eq!(document(&run(&place, &["devices", "revoke", &id]))["revoked"], true);
    assert_eq!(send(server.address, &get("/v1/hello", &joined.token)).unwrap().status, 403, "at once");
    let nobody = next_id().to_string();
    assert_eq!(run(&place, &["devices", "revoke", &nobody]).status.code(), Some(3));
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut server = server;
    assert!(server.child.wait().unwrap().success(), "an orderly end");
    assert!(place.is_in_order());
}

#[test]
fn an_empty_folder_becomes_a_shop_in_conakry() {
    let place = Place::new();
    let server = serve(&place);
    let (joined, ..) = join(&place, &server);
    let settings = joined.business.settings;
    assert_eq!((settings.currency.code(), settings.locale.as_str()), ("GNF", "fr-GN"));
}
