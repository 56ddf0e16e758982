//! What is measured, whichever store is behind the server: time, and on Linux also the processor time of the process,
//! which says more on a machine that others use as well.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pos_domain::{ChainRecord, OperationBody, Product};
use pos_protocol::{Mode, Operation, PushRequest, PushResponse, SnapshotPage};
use pos_server::http::{HttpServer, Listen};

use crate::client::{self, Ask};
use crate::harness::*;

/// Products of the large shop; `COMPTOIR_BENCH_PRODUCTS` asks for fewer, as under a profiler.
const PRODUCTS: usize = 100_000;
const SALES: usize = 10_000;
/// Sales of one push of a backlog: about what 1 MiB takes.
const BATCH: usize = 300;
const CREATES: usize = 1_000;
const CONNECTIONS: usize = 32;
const SALES_PER_CONNECTION: usize = 400;

/// Runs and prints everything, or what the first argument names.
pub(crate) fn run() {
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with("--"));
    let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if wants("shop") {
        runtime.block_on(large_shop());
    }
    if wants("counter") {
        runtime.block_on(counter());
    }
}

/// Time that passed and that the processor worked for this process.
struct Measured {
    began: Instant,
    worked: Option<Duration>,
}

impl Measured {
    fn begin() -> Self {
        Self { began: Instant::now(), worked: worked() }
    }

    fn report(self, what: &str, many: usize, of: &str) {
        let took = self.began.elapsed();
        let many_f = f64::from(u32::try_from(many).unwrap());
        let rate = many_f / took.as_secs_f64();
        print!("{what}: {rate:.0} {of}/s ({many} in {:.2} s)", took.as_secs_f64());
        if let (Some(before), Some(after)) = (self.worked, worked()) {
            print!(", {:.1} µs of processor each", (after - before).as_secs_f64() / many_f * 1e6);
        }
        println!();
    }
}

/// Processor time of this process so far, its clients included, in steps of 10 ms.
fn worked() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything, also spaces; the numbers stand behind its bracket.
    let numbers: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| numbers.get(at)?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

async fn start(shop: &Shop) -> HttpServer {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    HttpServer::start(shop.server.clone(), &Listen { address, data: shop.path(), tls: false }).unwrap()
}

fn check(answer: &PushResponse) {
    assert!(answer.verdicts.iter().all(|verdict| is_applied(&verdict.verdict)), "every operation is applied");
    assert_eq!(answer.chain_fault, None);
}

/// A push as a register sends it.
fn packed(till: &Register, push: &PushRequest) -> Ask {
    let text = serde_json::to_vec(push).unwrap();
    let mut ask = client::post("/v1/sync/push", &till.token, zstd::encode_all(text.as_slice(), 1).unwrap());
    (ask.encoding, ask.accept) = (Some("zstd"), Some("zstd"));
    ask
}

async fn send_one_at_a_time(address: SocketAddr, asks: Vec<Ask>) -> Vec<client::Reply> {
    let send = move || {
        let mut stream = client::connect(address).unwrap();
        asks.iter().map(|ask| client::exchange(&mut stream, ask, "keep-alive").unwrap()).collect()
    };
    tokio::task::spawn_blocking(send).await.unwrap()
}

/// Sends requests over as many connections as a register with a backlog has.
async fn send_two_at_a_time(address: SocketAddr, asks: Vec<Ask>) -> Vec<client::Reply> {
    tokio::task::spawn_blocking(move || {
        let every_second = |first: usize| {
            let asks = &asks;
            move || {
                let mut stream = client::connect(address).unwrap();
                asks.iter()
                    .skip(first)
                    .step_by(2)
                    .map(|ask| client::exchange(&mut stream, ask, "keep-alive").unwrap())
                    .collect::<Vec<_>>()
            }
        };
        std::thread::scope(|scope| {
            let threads = [scope.spawn(every_second(0)), scope.spawn(every_second(1))];
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    })
    .await
    .unwrap()
}

/// A large catalogue goes up, comes down to a new register, and a backlog of sales all over it drains.
async fn large_shop() {
    let wanted = std::env::var("COMPTOIR_BENCH_PRODUCTS").ok();
    let count = wanted.map_or(PRODUCTS, |count| count.parse().unwrap());
    let shop = Shop::open();
    let mut till = shop.join("Caisse").await;
    let products: Vec<_> = (0..count).map(|n| product(&format!("P-{n:06}"))).collect();
    let creates: Vec<_> =
        products.iter().map(|product| till.operation(&product_create(product, 1_000), Mode::Fact)).collect();
    let pushes: Vec<_> = creates.chunks(CREATES).map(|chunk| push_of(&till, chunk.to_vec())).collect();
    drop(creates);
    let http = start(&shop).await;
    let address = http.address();

    let asks = pushes.iter().map(|push| packed(&till, push)).collect();
    drop(pushes);
    let measured = Measured::begin();
    let replies = send_two_at_a_time(address, asks).await;
    measured.report("upload of products with stock", count, "products");
    replies.iter().for_each(|reply| check(&reply.json()));
    drop(replies);

    let (sales, links) = backlog(&mut till, &products);
    let measured = Measured::begin();
    let replies = send_two_at_a_time(address, sales).await;
    // One push at a time carries links, of sales that the server has.
    let counted = send_one_at_a_time(address, links).await;
    measured.report("drain over a large catalogue", SALES, "sales");
    let last: PushResponse = counted.last().unwrap().json();
    assert_eq!(last.chain_head.map(|head| head.number), Some(till.chain.number), "every link is taken");
    replies.iter().for_each(|reply| check(&reply.json()));
    drop(replies);

    let token = till.token.clone();
    let measured = Measured::begin();
    let rows = tokio::task::spawn_blocking(move || download(address, &token)).await.unwrap();
    measured.report("first sync", rows, "rows");
    http.stop().await.unwrap();
}

/// Every page of products and balances. The client unpacks the last page only, to go on from it.
fn download(address: SocketAddr, token: &str) -> usize {
    let mut stream = client::connect(address).unwrap();
    let mut rows = 0;
    for kind in ["product", "stock"] {
        let mut after = String::new();
        loop {
            let path = format!("/v1/sync/snapshot?entity={kind}&limit=5000{after}");
            let ask = Ask { accept: Some("zstd"), ..client::get(&path, token) };
            let page: SnapshotPage = client::exchange(&mut stream, &ask, "keep-alive").unwrap().json();
            rows += page.rows.len();
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
    }
    rows
}

/// Pushes of sales of three products each, all over the catalogue, and pushes of the links of their chain.
fn backlog(till: &mut Register, products: &[Product]) -> (Vec<Ask>, Vec<Ask>) {
    let line = |sale: usize, line: usize| {
        let first = sale.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        (&products[(first + line * 7_919) % products.len()], 1)
    };
    let sales: Vec<(Operation, ChainRecord)> = (0..SALES)
        .map(|n| {
            let document = till.sale(&[line(n, 0), line(n, 1), line(n, 2)]);
            let body = OperationBody::SaleComplete(Box::new(document.clone()));
            let operation = till.operation(&body, Mode::Fact);
            let link = till.seal(&document, &operation);
            (operation, link)
        })
        .collect();
    let (operations, links): (Vec<_>, Vec<_>) = sales.into_iter().unzip();
    let till = &*till;
    let sales = operations.chunks(BATCH).map(|operations| packed(till, &push_of(till, operations.to_vec())));
    let links = links
        .chunks(BATCH)
        .map(|chain| packed(till, &PushRequest { chain: chain.to_vec(), ..push_of(till, Vec::new()) }));
    (sales.collect(), links.collect())
}

/// Live sales: 32 registers, each with one connection and one sale at a time.
async fn counter() {
    let shop = Shop::open();
    let mut office = shop.join("Bureau").await;
    let products: Vec<_> = (0..60).map(|n| product(&format!("P{n}"))).collect();
    for product in &products {
        office.send(product_create(product, 900_000)).await;
    }
    let http = start(&shop).await;
    let address = http.address();
    let mut registers = Vec::new();
    for n in 0..CONNECTIONS {
        let mut till = shop.join(&format!("Caisse {n}")).await;
        let asks: Vec<_> = (0..SALES_PER_CONNECTION)
            .map(|n| {
                let line = |k: usize| (&products[(n + k * 7) % products.len()], 1);
                let document = till.sale(&[line(0), line(1), line(2)]);
                let body = OperationBody::SaleComplete(Box::new(document));
                let operation = till.operation(&body, Mode::Fact);
                let push = push_of(&till, vec![operation]);
                client::post("/v1/sync/push", &till.token, serde_json::to_vec(&push).unwrap())
            })
            .collect();
        registers.push(asks);
    }
    let measured = Measured::begin();
    let threads: Vec<_> = registers
        .into_iter()
        .map(|asks| {
            std::thread::spawn(move || {
                let mut stream = client::connect(address).unwrap();
                for ask in &asks {
                    let reply = client::exchange(&mut stream, ask, "keep-alive").unwrap();
                    check(&reply.json());
                }
            })
        })
        .collect();
    tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| thread.join().unwrap()))
        .await
        .unwrap();
    measured.report("32 connections, one sale each", CONNECTIONS * SALES_PER_CONNECTION, "sales");
    http.stop().await.unwrap();
}
