//! The server as registers meet it: the real handlers, in process and over a real socket.

#[cfg(test)]
mod harness;
#[cfg(test)]
mod verdicts;
