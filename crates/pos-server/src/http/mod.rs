//! The HTTP API: thin handlers over [`crate::DeviceSession`].
//!
//! Every answer, also a refused or failed one, carries [`SERVER_HEADER`](pos_protocol::SERVER_HEADER), by which a
//! register tells this server from a portal, and every status of 400 or more has a
//! [`Problem`](pos_protocol::Problem) as JSON.

mod answer;
mod openapi;
mod routes;
mod sample;
mod serve;
mod tls;

pub use routes::router;
pub use serve::{HttpServer, Listen};
pub use tls::{Certificate, Pin};
