//! The laws of the shop, each for thousands of made-up amounts, carts, edits and documents.
//!
//! Expected values come from other formulas than the code's: bounds on the exact fraction, sums, mirrors, inverses.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod amounts;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod merging;
#[cfg(test)]
mod papers;
#[cfg(test)]
mod pricing;
#[cfg(test)]
mod refunds;
#[cfg(test)]
mod rounding;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod settlement;
#[cfg(test)]
mod shifts;
#[cfg(test)]
mod shops;
#[cfg(test)]
mod trade_items;
#[cfg(test)]
mod trading;
