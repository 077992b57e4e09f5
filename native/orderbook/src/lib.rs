//! orderbook.
#![forbid(unsafe_code)]
