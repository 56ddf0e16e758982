//! What may stand between a register and its server, each over a real socket.

use std::net::SocketAddr;
use std::sync::Arc;

use pos_domain::DeviceId;
use pos_protocol::{ApiError, Hello, Limits, ProblemCode, ProtocolRange, PushRequest, SyncApi, Watermark};
use pos_sync::transport::{DeviceToken, HttpApi, Pin, ServerAddress};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;

/// What the other side does with each connection.
#[derive(Clone)]
enum Other {
    Answers(Vec<u8>),
    Hangs,
    BreaksOff,
}

/// Answers every connection on a port of its own.
async fn other_side(other: Other) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let other = other.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                let _ = socket.read(&mut request).await;
                match other {
                    Other::Answers(answer) => drop(socket.write_all(&answer).await),
                    Other::Hangs => std::future::pending::<()>().await,
                    Other::BreaksOff => {}
                }
            });
        }
    });
    address
}

async fn hello_from(other: Other) -> Result<Hello, ApiError> {
    let address = other_side(other).await;
    api(&format!("http://{address}")).hello().await
}

fn api(url: &str) -> HttpApi {
    HttpApi::new(ServerAddress::parse(url).unwrap(), DeviceToken::new("00").unwrap()).unwrap()
}

fn http(head: &str, body: &[u8]) -> Other {
    let length = body.len();
    let mut answer =
        format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes();
    answer.extend_from_slice(body);
    Other::Answers(answer)
}

fn hello() -> Hello {
    Hello {
        protocol: ProtocolRange { min: 1, max: 1 },
        authority: Uuid::from_u128(7),
        server_epoch: 1,
        watermark: Watermark { device_id: DeviceId(Uuid::from_u128(1)), epoch: 0, seq: 0, above: vec![] },
        earlier: vec![],
        backup_watermark: 0,
        feed_seq: 3,
        server_time_ms: 5,
        limits: Limits {
            batch_ops: 1,
            batch_bytes: 1,
            page_rows: 1,
            requests_per_second: 1,
            attachments: None,
        },
    }
}

const OURS: &str = "comptoir-server: 0.1.0\r\ncontent-type: application/json";

#[tokio::test]
async fn a_good_answer_is_read_plain_and_packed() {
    let body = serde_json::to_vec(&hello()).unwrap();
    assert_eq!(hello_from(http(&format!("200 OK\r\n{OURS}"), &body)).await, Ok(hello()));
    let packed = zstd::encode_all(body.as_slice(), 3).unwrap();
    let head = format!("200 OK\r\n{OURS}\r\ncontent-encoding: zstd");
    assert_eq!(hello_from(http(&head, &packed)).await, Ok(hello()));
}

#[tokio::test]
async fn a_portal_that_answers_200_with_its_login_page_is_not_the_server() {
    let answer =
        hello_from(http("200 OK\r\ncontent-type: text/html", b"<html>Welcome to our wifi</html>")).await;
    assert!(matches!(answer, Err(ApiError::NotTheServer { .. })), "{answer:?}");
}

#[tokio::test]
async fn json_of_somebody_else_is_not_the_server_either() {
    let body = serde_json::to_vec(&hello()).unwrap();
    let answer = hello_from(http("200 OK\r\ncontent-type: application/json", &body)).await;
    assert!(
        matches!(answer, Err(ApiError::NotTheServer { .. })),
        "the server's header is missing: {answer:?}"
    );
}

#[tokio::test]
async fn a_redirect_to_a_portal_is_not_followed() {
    let answer = hello_from(http("302 Found\r\nlocation: http://127.0.0.1:9/login", b"")).await;
    assert!(matches!(answer, Err(ApiError::NotTheServer { .. })), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let head = format!("HTTP/1.1 200 OK\r\n{OURS}\r\ncontent-length: 5000\r\n\r\n{{\"protocol\"");
    let answer = hello_from(Other::Answers(head.into_bytes())).await;
    assert!(matches!(answer, Err(ApiError::NoAnswer { .. })), "the push may have been processed: {answer:?}");
    let answer = hello_from(Other::BreaksOff).await;
    assert!(matches!(answer, Err(ApiError::NoAnswer { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_refused_connection_is_certain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let answer = api(&format!("http://{address}")).hello().await;
    assert!(matches!(answer, Err(ApiError::Unreachable { .. })), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_ends_in_no_answer() {
    let answer = hello_from(Other::Hangs).await;
    assert!(matches!(answer, Err(ApiError::NoAnswer { .. })), "{answer:?}");
}

#[tokio::test]
async fn busy_answers_say_when_to_come_back_even_without_a_readable_problem() {
    let answer = hello_from(http(&format!("503 Service Unavailable\r\n{OURS}\r\nretry-after: 7"), b"")).await;
    let Err(ApiError::Refused { problem }) = answer else { panic!("{answer:?}") };
    assert_eq!((problem.code, problem.retry_after_ms), (ProblemCode::Unavailable, Some(7_000)));
    let body = br#"{"code":"too_many_requests","detail":"slow down","retry_after_ms":1200}"#;
    let answer = hello_from(http(&format!("429 Too Many Requests\r\n{OURS}\r\nretry-after: 2"), body)).await;
    let Err(ApiError::Refused { problem }) = answer else { panic!("{answer:?}") };
    assert_eq!((problem.code, problem.retry_after_ms), (ProblemCode::TooManyRequests, Some(1_200)));
}

#[tokio::test]
async fn a_size_limit_below_the_application_is_understood_from_its_status() {
    let head = "413 Payload Too Large\r\ncontent-type: text/plain\r\ncomptoir-server: 0.1.0";
    let answer = hello_from(http(head, b"length limit exceeded")).await;
    let Err(ApiError::Refused { problem }) = answer else { panic!("{answer:?}") };
    assert_eq!(problem.code, ProblemCode::TooLarge);
}

#[tokio::test]
async fn an_answer_that_unpacks_without_end_is_cut_off() {
    let bomb = zstd::encode_all(std::io::repeat(b' ').take_bytes(64 << 20), 3).unwrap();
    assert!(bomb.len() < 100_000);
    let answer = hello_from(http(&format!("200 OK\r\n{OURS}\r\ncontent-encoding: zstd"), &bomb)).await;
    assert!(matches!(answer, Err(ApiError::NotTheServer { .. })), "{answer:?}");
}

trait TakeBytes: std::io::Read + Sized {
    fn take_bytes(self, limit: u64) -> std::io::Take<Self> {
        std::io::Read::take(self, limit)
    }
}
impl<R: std::io::Read> TakeBytes for R {}

#[tokio::test]
async fn large_bodies_travel_packed_and_are_counted_as_they_travel() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        let mut buffer = vec![0; 65_536];
        // Head and body may come in pieces; the body is complete when the declared length is there.
        loop {
            let read = socket.read(&mut buffer).await.unwrap();
            seen.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&seen).into_owned();
            let Some(end) = text.find("\r\n\r\n") else { continue };
            let length = text
                .lines()
                .find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            let head_bytes = seen.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            assert!(end > 0);
            if seen.len() - head_bytes >= length.unwrap().parse::<usize>().unwrap() {
                tell.send((text[..end].to_lowercase(), seen[head_bytes..].to_vec())).unwrap();
                break;
            }
        }
    });
    let request = PushRequest {
        protocol: 1,
        device_id: DeviceId(Uuid::from_u128(1)),
        epoch: 1,
        operations: (0..50).map(operation).collect(),
        chain: vec![],
        heard: None,
    };
    let api = api(&format!("http://{address}"));
    assert!(api.push(request.clone()).await.is_err(), "this other side never answers");
    let (head, body) = told.await.unwrap();
    assert!(head.contains("content-encoding: zstd") && head.contains("authorization: bearer 00"), "{head}");
    assert_eq!(zstd::decode_all(body.as_slice()).unwrap(), serde_json::to_vec(&request).unwrap());
    assert_eq!(api.traffic().up, u64::try_from(body.len()).unwrap());
}

fn operation(n: u128) -> pos_protocol::Operation {
    let body = serde_json::value::RawValue::from_string(r#"{"a":  1}"#.to_owned()).unwrap();
    pos_protocol::Operation {
        op_id: Uuid::from_u128(n).into(),
        seq: 1,
        kind: "sale.complete".to_owned(),
        kind_version: 1,
        depends_on: vec![],
        mode: pos_protocol::Mode::Fact,
        made_at_ms: 0,
        body_hash: pos_domain::Hash32::of(body.get().as_bytes()),
        body,
    }
}

/// Presents a certificate, with whatever key, right or wrong.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A server with a self-made certificate, signing with `signing` or with the certificate's own key. Gives its
/// address and the pin of the certificate.
async fn tls_server(signing: Option<rcgen::KeyPair>) -> (SocketAddr, Pin) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let spki = rcgen::PublicKeyData::subject_public_key_info(&signing_key);
    let pin = Pin(ring::digest::digest(&ring::digest::SHA256, &spki).as_ref().try_into().unwrap());
    let key = signing.unwrap_or(signing_key).serialize_der();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let presented = Arc::new(CertifiedKey::new(vec![cert.der().clone()], key));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presents(presented)));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let Other::Answers(answer) = http(&format!("200 OK\r\n{OURS}"), &serde_json::to_vec(&hello()).unwrap())
    else {
        unreachable!()
    };
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut request = vec![0; 65_536];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(&answer).await;
            let _ = socket.shutdown().await;
        }
    });
    (address, pin)
}

#[tokio::test]
async fn a_self_made_certificate_is_trusted_by_its_pin() {
    let (address, pin) = tls_server(None).await;
    assert_eq!(api(&format!("https://{address}#pin-sha256={pin}")).hello().await, Ok(hello()));
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let (address, _) = tls_server(None).await;
    let other = Pin([1; 32]);
    let answer = api(&format!("https://{address}#pin-sha256={other}")).hello().await;
    assert!(matches!(answer, Err(ApiError::WrongCertificate { .. })), "{answer:?}");
}

#[tokio::test]
async fn without_a_pin_a_self_made_certificate_is_refused() {
    let (address, _) = tls_server(None).await;
    let answer = api(&format!("https://{address}")).hello().await;
    assert!(
        matches!(answer, Err(ApiError::WrongCertificate { .. })),
        "nothing accepts any certificate: {answer:?}"
    );
}

#[tokio::test]
async fn whoever_shows_the_pinned_certificate_without_its_key_is_refused() {
    let (address, pin) = tls_server(Some(rcgen::KeyPair::generate().unwrap())).await;
    let answer = api(&format!("https://{address}#pin-sha256={pin}")).hello().await;
    assert!(answer.is_err(), "a copied certificate proves nothing without its key");
    assert!(!matches!(answer, Err(ApiError::NotTheServer { .. })), "it fails in the handshake: {answer:?}");
}
