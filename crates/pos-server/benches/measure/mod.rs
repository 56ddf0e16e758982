//! What is measured, whichever store is behind the server.

use std::net::SocketAddr;
use std::time::Instant;

use pos_domain::{OperationBody, Product};
use pos_protocol::{Mode, Operation};
use pos_server::http::{HttpServer, Listen};

use crate::client;
use crate::harness::*;

const SALES: usize = 20_000;
const BATCH: usize = 1_000;
const CONNECTIONS: usize = 32;
const SALES_PER_CONNECTION: usize = 400;

/// Runs and prints both.
pub(crate) fn run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(in_process());
    runtime.block_on(over_http());
}

async fn stocked(till: &mut Register) -> Vec<Product> {
    let products: Vec<_> = (0..60).map(|n| product(&format!("P{n}"))).collect();
    for product in &products {
        till.send(product_create(product, 900_000)).await;
    }
    products
}

fn sales(till: &mut Register, products: &[Product], count: usize) -> Vec<Operation> {
    (0..count)
        .map(|n| {
            let line = |k: usize| (&products[(n + k * 7) % products.len()], 1);
            let body = OperationBody::SaleComplete(Box::new(till.sale(&[line(0), line(1), line(2)])));
            till.operation(&body, Mode::Fact)
        })
        .collect()
}

fn report(what: &str, sales: usize, seconds: f64) {
    println!(
        "{what}: {:.0} sales/s ({sales} sales of 3 lines in {seconds:.2} s)",
        f64::from(u32::try_from(sales).unwrap()) / seconds
    );
}

/// A drain: batches of a thousand, as a register with a backlog sends them, two at a time.
async fn in_process() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse").await;
    let products = stocked(&mut till).await;
    let operations = sales(&mut till, &products, SALES);
    let batches: Vec<_> = operations.chunks(BATCH).map(|chunk| push_of(&till, chunk.to_vec())).collect();
    let began = Instant::now();
    let mut running = Vec::new();
    for batch in batches {
        let session = till.session.clone();
        running
            .push(tokio::spawn(async move { pos_protocol::SyncApi::push(&session, batch).await.unwrap() }));
        if running.len() == 2 {
            check(&running.remove(0).await.unwrap());
        }
    }
    for batch in running {
        check(&batch.await.unwrap());
    }
    report("in process, batches of 1000", SALES, began.elapsed().as_secs_f64());
}

fn check(answer: &pos_protocol::PushResponse) {
    assert!(answer.verdicts.iter().all(|verdict| is_applied(&verdict.verdict)), "every sale is applied");
}

/// Live sales: 32 registers, each with one connection and one sale at a time.
async fn over_http() {
    let shop = Shop::open();
    let mut office = shop.join("Bureau").await;
    let products = stocked(&mut office).await;
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let http =
        HttpServer::start(shop.server.clone(), &Listen { address, data: shop.path(), tls: false }).unwrap();
    let address = http.address();
    let mut registers = Vec::new();
    for n in 0..CONNECTIONS {
        let mut till = shop.join(&format!("Caisse {n}")).await;
        let asks: Vec<_> = sales(&mut till, &products, SALES_PER_CONNECTION)
            .into_iter()
            .map(|operation| {
                let push = push_of(&till, vec![operation]);
                client::post("/v1/sync/push", &till.token, serde_json::to_vec(&push).unwrap())
            })
            .collect();
        registers.push(asks);
    }
    let began = Instant::now();
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
    report(
        "over HTTP, 32 connections, one sale each",
        CONNECTIONS * SALES_PER_CONNECTION,
        began.elapsed().as_secs_f64(),
    );
    http.stop().await.unwrap();
}
