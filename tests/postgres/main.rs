//! What dbfence says of PostgreSQL, shown on a real server: facts that rules stand on, the verdict on a text,
//! and what migrations leave behind.

#![cfg(unix)]

mod catalog;
mod first_start;
mod names;
mod reach;
mod replay;
mod server;
mod splitting;
mod syntax;

#[path = "../support/mod.rs"]
mod support;
