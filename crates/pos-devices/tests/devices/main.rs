//! Receipts of real documents on every kind of paper, and printers of every temper.

#[cfg(test)]
mod codes;
#[cfg(test)]
mod decoder;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod escpos;
#[cfg(test)]
mod label;
#[cfg(test)]
mod pdf;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod report;
#[cfg(test)]
mod transport;
