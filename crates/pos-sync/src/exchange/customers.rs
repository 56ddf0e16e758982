//! Who goes first: a customer who waits for the server's answer, before anything that the background begins.
//!
//! Lanes and short jobs keep the background out of a sale's way on the writer and on the server, but not on the processors
//! and the disk, of which a till has few. So while a sale is asked for, the background lets what runs end and begins nothing.
//! Only for so long: a server that does not answer must not hold the queue up.

use std::time::Duration;

use tokio::sync::watch;

/// Longest that a step of the background waits for customers: many times what an answer takes on a good link.
const GIVES_WAY_FOR: Duration = Duration::from_millis(500);

/// The customers who wait now.
#[derive(Debug, Default)]
pub(super) struct Customers(watch::Sender<u32>);

/// One who waits, until this is dropped.
pub(super) struct Customer<'a>(&'a watch::Sender<u32>);

impl Customers {
    /// Somebody waits from now on.
    pub(super) fn come(&self) -> Customer<'_> {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_add(1));
        Customer(&self.0)
    }

    /// Waits until nobody does, or for as long as the background can wait.
    pub(super) async fn give_way(&self) {
        let mut waiting = self.0.subscribe();
        let nobody = waiting.wait_for(|waiting| *waiting == 0);
        // Either way it is the background's turn.
        drop(tokio::time::timeout(GIVES_WAY_FOR, nobody).await);
    }
}

impl Drop for Customer<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_background_goes_on_when_the_last_customer_has_his_answer() {
        let customers = Customers::default();
        let (first, second) = (customers.come(), customers.come());
        let mut background = pin!(customers.give_way());
        let mut look = || background.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(look(), Poll::Pending, "two wait");
        drop(first);
        assert_eq!(look(), Poll::Pending, "one waits");
        drop(second);
        assert_eq!(look(), Poll::Ready(()));
        customers.give_way().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_customer_whose_server_does_not_answer_holds_nothing_up() {
        let customers = Customers::default();
        let _waits = customers.come();
        let began = tokio::time::Instant::now();
        customers.give_way().await;
        assert_eq!(began.elapsed(), GIVES_WAY_FOR, "the queue waits no longer than that");
    }
}
