//! `vigie rules`: what people who write rules work with.

pub mod backtest;
pub mod check;
pub mod test;
