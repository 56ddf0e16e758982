//! The API over a real socket.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use pos_domain::OperationBody;
use pos_protocol::{
    Hello, Mode, PairResponse, Problem, ProblemCode, PullResponse, PushRequest, PushResponse, SERVER_HEADER,
    SnapshotPage, Verdict,
};
use pos_server::http::{HttpServer, Listen};

use crate::client::{self, Ask, Reply, get, post, send};
use crate::harness::*;

/// Listens on a free port of loopback.
pub(crate) fn listen(shop: &Shop, tls: bool) -> HttpServer {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    HttpServer::start(shop.server.clone(), &Listen { address, data: shop.path(), tls }).unwrap()
}

/// Asks from a thread of its own, as a client of another machine would.
pub(crate) async fn ask(address: SocketAddr, ask: Ask) -> Reply {
    tokio::task::spawn_blocking(move || send(address, &ask)).await.unwrap().unwrap()
}

fn bytes(push: &PushRequest) -> Vec<u8> {
    serde_json::to_vec(push).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_joins_sells_and_follows_over_the_wire() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let address = http.address();
    let code = pos_server::invite(&shop.place.location, &shop.clock()).unwrap().code;
    let (request, _) = shop.request("Caisse 1", code);
    let pair = Ask { token: None, ..post("/v1/pair", "", serde_json::to_vec(&request).unwrap()) };
    let joined: PairResponse = ask(address, pair).await.json();
    let hello: Hello = ask(address, get("/v1/hello", &joined.token)).await.json();
    assert_eq!(hello.watermark.device_id, request.device_id);
    let mut till = shop.join("Caisse 2").await;
    let milk = product("LAIT");
    let create = till.operation(&product_create(&milk, 5), Mode::Fact);
    let sale = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 2)])));
    let sale = till.operation(&sale, Mode::Admit);
    let push = post("/v1/sync/push", &till.token, bytes(&push_of(&till, vec![create, sale])));
    let answer: PushResponse = ask(address, push).await.json();
    assert!(answer.verdicts.iter().all(|verdict| is_applied(&verdict.verdict)), "{answer:?}");
    let start = till.start().await;
    let page: PullResponse =
        ask(address, get(&format!("/v1/sync/pull?cursor={start}&limit=5000"), &joined.token)).await.json();
    assert_eq!(page, shop.server.session(request.device_id).await.unwrap().pull_all(start).await);
    let snapshot = "/v1/sync/snapshot?entity=product&limit=10";
    let products: SnapshotPage = ask(address, get(snapshot, &joined.token)).await.json();
    assert_eq!((products.rows.len(), products.total_rows), (1, 1));
    let after = products.rows[0].id;
    let rest: SnapshotPage =
        ask(address, get(&format!("{snapshot}&after={after}"), &joined.token)).await.json();
    assert_eq!(rest.rows, []);
    http.stop().await.unwrap();
}

/// A first page, as the wire test compares it.
trait PullAll {
    async fn pull_all(&self, cursor: pos_protocol::Cursor) -> PullResponse;
}

impl PullAll for pos_server::DeviceSession {
    async fn pull_all(&self, cursor: pos_protocol::Cursor) -> PullResponse {
        pos_protocol::SyncApi::pull(self, pos_protocol::PullRequest { cursor, limit: 5_000 }).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_that_it_is_the_server_s_and_every_refusal_is_a_problem() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let till = shop.join("Caisse 1").await;
    let stranger = "f".repeat(64);
    let asked = [
        (get("/health", ""), 200, None),
        (get("/ready", ""), 200, None),
        (get("/metrics", ""), 200, None),
        (get("/v1/openapi.json", ""), 200, None),
        (get("/v1/hello", &till.token), 200, None),
        (get("/v1/hello", &stranger), 401, Some(ProblemCode::Unauthorised)),
        (Ask { token: None, ..get("/v1/hello", "") }, 401, Some(ProblemCode::Unauthorised)),
        (get("/wp-login.php", ""), 404, Some(ProblemCode::BadRequest)),
        (get("/v1/sync/push", &till.token), 405, Some(ProblemCode::BadRequest)),
        (post("/v1/sync/push", &till.token, b"{".to_vec()), 400, Some(ProblemCode::BadRequest)),
        (post("/v1/sync/push", &till.token, b"[]".to_vec()), 400, Some(ProblemCode::BadRequest)),
        (get("/v1/sync/pull?cursor=yesterday&limit=5", &till.token), 400, Some(ProblemCode::BadRequest)),
        (get("/v1/sync/snapshot?entity=recipe&limit=5", &till.token), 400, Some(ProblemCode::BadRequest)),
        (
            get(&format!("/v1/sync/pull?cursor={0}.1.{0}.1.0&limit=5", next_id()), &till.token),
            410,
            Some(ProblemCode::ResnapshotRequired),
        ),
        (post("/v1/pair", "", b"{}".to_vec()), 400, Some(ProblemCode::BadRequest)),
        (
            Ask { encoding: Some("deflated-by-hand"), ..post("/v1/sync/push", &till.token, b"{}".to_vec()) },
            415,
            Some(ProblemCode::BadRequest),
        ),
    ];
    for (request, status, problem) in asked {
        let path = request.path.clone();
        let reply = ask(http.address(), request).await;
        assert_eq!(reply.status, status, "{path}: {}", String::from_utf8_lossy(&reply.body));
        assert!(reply.header(SERVER_HEADER).is_some(), "{path}: told from a portal's answer");
        if let Some(code) = problem {
            assert_eq!(reply.json::<Problem>().code, code, "{path}");
        }
    }
    http.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_compressed_both_ways_and_bounded_also_when_unpacked() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let mut till = shop.join("Caisse 1").await;
    let creates = (0..300).map(|n| product_create(&product(&format!("P{n}")), 1)).collect::<Vec<_>>();
    let operations = creates.iter().map(|body| till.operation(body, Mode::Fact)).collect();
    let plain = bytes(&push_of(&till, operations));
    let packed = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let push = |body| Ask {
        encoding: Some("zstd"),
        accept: Some("zstd"),
        ..post("/v1/sync/push", &till.token, body)
    };
    let reply = ask(http.address(), push(packed)).await;
    assert_eq!((reply.status, reply.header("content-encoding")), (200, Some("zstd")));
    let answer: PushResponse = reply.json();
    assert_eq!(answer.verdicts.len(), 300);
    let bomb = zstd::encode_all(vec![b' '; 64 << 20].as_slice(), 3).unwrap();
    assert!(bomb.len() < 64 << 10, "a thousandth of its size: {}", bomb.len());
    let large = [
        push(bomb),
        push(plain[..40].to_vec()),
        post("/v1/sync/push", &till.token, vec![b' '; (1 << 20) + 1]),
    ];
    let codes = [ProblemCode::TooLarge, ProblemCode::BadRequest, ProblemCode::TooLarge];
    for (request, code) in large.into_iter().zip(codes) {
        let reply = ask(http.address(), request).await;
        assert_eq!(reply.json::<Problem>().code, code, "{}", reply.status);
    }
    http.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_of_five_thousand_lines_fits() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let mut till = shop.join("Grossiste").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10_000)).await;
    let lines = vec![(&milk, 1); 5_000];
    let body = OperationBody::SaleComplete(Box::new(till.sale(&lines)));
    let operation = till.operation(&body, Mode::Admit);
    let plain = bytes(&push_of(&till, vec![operation]));
    let packed = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let push = Ask { encoding: Some("zstd"), ..post("/v1/sync/push", &till.token, packed) };
    let answer: PushResponse = ask(http.address(), push).await.json();
    assert!(is_applied(&answer.verdicts[0].verdict));
    assert_eq!(till.stock(&milk).await, (5_000, 0));
    http.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_a_doubled_and_a_reordered_request_leave_one_sale() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    let sales: Vec<_> = (0..3)
        .map(|_| {
            let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
            till.operation(&body, Mode::Admit)
        })
        .collect();
    let push = |n: usize| post("/v1/sync/push", &till.token, bytes(&push_of(&till, vec![sales[n].clone()])));
    // Sent whole, and the line is cut before the answer.
    let (address, lost) = (http.address(), push(2));
    tokio::task::spawn_blocking(move || {
        let mut stream = client::connect(address).unwrap();
        client::write_request(&mut stream, &lost, "close").unwrap();
    })
    .await
    .unwrap();
    let mut verdicts = Vec::new();
    for n in [2, 1, 0, 0, 1, 2, 2] {
        let answer: PushResponse = ask(address, push(n)).await.json();
        verdicts.push((n, answer.verdicts[0].verdict.clone()));
    }
    for (n, verdict) in &verdicts {
        let Verdict::Applied { feed_seq, .. } = verdict else { panic!("{verdict:?}") };
        let same = verdicts.iter().all(|(other, v)| {
            other != n || matches!(v, Verdict::Applied { feed_seq: seq, .. } if seq == feed_seq)
        });
        assert!(same, "one verdict for ever");
    }
    assert_eq!(till.stock(&milk).await, (7, 0), "three sales, however often they came");
    http.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guesser_of_codes_and_tokens_is_slowed_down() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let (request, _) = shop.request("Caisse", "0000-0000".to_owned());
    let body = serde_json::to_vec(&request).unwrap();
    let mut codes = Vec::new();
    for _ in 0..8 {
        let reply = ask(http.address(), post("/v1/pair", "", body.clone())).await;
        let problem = reply.json::<Problem>();
        if problem.code == ProblemCode::TooManyRequests {
            assert_eq!(reply.status, 429);
            assert!(reply.header("retry-after").is_some() && problem.retry_after_ms.is_some());
        }
        codes.push(problem.code);
    }
    let slowed = codes.iter().filter(|code| **code == ProblemCode::TooManyRequests).count();
    assert_eq!(slowed, 3, "five at once, then one a second: {codes:?}");
    let mut last = 0;
    for _ in 0..101 {
        last = ask(http.address(), get("/v1/hello", "guess")).await.status;
    }
    assert_eq!(last, 429);
    http.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_hints_at_the_feed_and_ends_with_the_server() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let mut till = shop.join("Caisse 1").await;
    let before = till.session_feed().await;
    let address = http.address();
    let request = get("/v1/sync/stream", &till.token);
    let (hint, hints) = std::sync::mpsc::channel();
    let listener = tokio::task::spawn_blocking(move || {
        let mut stream = client::connect(address).unwrap();
        client::write_request(&mut stream, &request, "keep-alive").unwrap();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            if let Some(seq) = line.strip_prefix("data: ") {
                hint.send(seq.parse::<u64>().unwrap()).unwrap();
            }
        }
    });
    let (first, hints) = tokio::task::spawn_blocking(move || (hints.recv().unwrap(), hints)).await.unwrap();
    assert_eq!(first, before, "a listener learns at once where the feed stands");
    till.send(product_create(&product("LAIT"), 1)).await;
    let (second, _hints) = tokio::task::spawn_blocking(move || (hints.recv().unwrap(), hints)).await.unwrap();
    assert_eq!(second, till.session_feed().await);
    http.stop().await.unwrap();
    listener.await.unwrap();
}

impl Register {
    async fn session_feed(&self) -> u64 {
        pos_protocol::SyncApi::hello(&self.session).await.unwrap().feed_seq
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_pinned_certificate_is_the_server() {
    let shop = Shop::open();
    let http = listen(&shop, true);
    let pin = http.pin().unwrap();
    let bytes: [u8; 32] = BASE64_STANDARD.decode(pin.to_base64()).unwrap().try_into().unwrap();
    let fragment = http.url().split_once("#pin-sha256=").expect("the URL carries the pin").1;
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(fragment).unwrap(), bytes);
    let address = http.address();
    let with_pin = move |pin: [u8; 32]| {
        tokio::task::spawn_blocking(move || {
            let stream = client::connect_pinned(address, pin)?;
            client::exchange(stream, &get("/health", ""), "close")
        })
    };
    assert_eq!(with_pin(bytes).await.unwrap().unwrap().status, 200);
    let mut other = bytes;
    other[0] ^= 1;
    assert!(with_pin(other).await.unwrap().is_err(), "nothing is sent to another server");
    let plain = tokio::task::spawn_blocking(move || send(address, &get("/health", ""))).await.unwrap();
    assert!(plain.is_err(), "plain HTTP gets no answer on a TLS port");
    http.stop().await.unwrap();
    let again = listen(&shop, true);
    assert_eq!(again.pin(), Some(pin), "the key is kept: registers stay joined");
    key_is_private(&shop.path());
    again.stop().await.unwrap();
}

#[cfg(unix)]
fn key_is_private(data: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(data.join("tls/key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(not(unix))]
fn key_is_private(_: &Path) {}
