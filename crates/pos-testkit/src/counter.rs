//! A register that runs all day, as under a window: a process with its background sync, which takes one order a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process::{Running, program};
use crate::register::Register;

/// What a command came to.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Its value.
    Done(Value),
    /// Its error: `code`, `params`.
    Failed(Value),
}

/// A running register. It ends, killed, when this is dropped.
#[derive(Debug)]
pub struct Counter {
    running: Running,
    orders: ChildStdin,
    answers: Receiver<Value>,
}

impl Counter {
    /// Starts on a register's folder, with a clock that is so far ahead of the machine's (negative: behind), and does
    /// not wait until it is open.
    pub fn begin(register: &Register, ahead_ms: i64) -> Result<Self> {
        let mut command = Command::new(program("examples/comptoir-counter")?);
        command.arg(register.data()).arg(ahead_ms.to_string());
        let mut running = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let (orders, said) = running.talk()?;
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines() {
                let Some(answer) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
                    return;
                };
                if tell.send(answer).is_err() {
                    return;
                }
            }
        });
        Ok(Self { running, orders, answers })
    }

    /// Starts, and waits until it is open.
    pub fn open(register: &Register, ahead_ms: i64, at_most: Duration) -> Result<Self> {
        let mut counter = Self::begin(register, ahead_ms)?;
        match counter.hear(at_most)? {
            Some(Answer::Done(_)) => Ok(counter),
            other => bail!("the register does not open: {other:?}"),
        }
    }

    /// Gives an order. Answers come in the order of orders.
    pub fn order(&mut self, name: &str, request: &Value) -> Result<()> {
        let line = json!({ "name": name, "request": request });
        writeln!(self.orders, "{line}").context("the register takes orders")
    }

    /// Waits for the next answer; `None` when the program ended before it gave one.
    pub fn hear(&mut self, at_most: Duration) -> Result<Option<Answer>> {
        match self.answers.recv_timeout(at_most) {
            Ok(mut answer) => match answer.get_mut("error") {
                Some(error) => Ok(Some(Answer::Failed(error.take()))),
                None => Ok(Some(Answer::Done(answer.get_mut("done").map(Value::take).unwrap_or_default()))),
            },
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => bail!("no answer after {at_most:?}"),
        }
    }

    /// Gives an order that must be done, and waits for its value.
    pub fn tell(&mut self, name: &str, request: &Value, at_most: Duration) -> Result<Value> {
        self.order(name, request)?;
        match self.hear(at_most)? {
            Some(Answer::Done(value)) => Ok(value),
            other => bail!("{name} {request}: {other:?}"),
        }
    }

    /// Stops it where it is (SIGSTOP).
    pub fn freeze(&self) -> Result<()> {
        self.running.freeze()
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) -> Result<()> {
        self.running.thaw()
    }

    /// Kills it (kill -9), and gives what it had answered by then and nobody heard.
    pub fn kill(mut self) -> Result<Vec<Answer>> {
        self.running.kill()?;
        let mut last_words = Vec::new();
        while let Some(answer) = self.hear(LAST_WORDS)? {
            last_words.push(answer);
        }
        Ok(last_words)
    }
}

/// Most that the last words of a dead program take to arrive. Only a hang reaches it.
const LAST_WORDS: Duration = Duration::from_secs(60);
