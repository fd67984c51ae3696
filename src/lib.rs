//! dbfence keeps every service of a TypeScript monorepo inside its own database.
//!
//! Data goes up one stair: [`discover`] reads the disk into [`source::Sources`], [`parse`] turns each
//! text into facts, [`model`] links the facts into a [`model::Workspace`], [`rules`] judge it, and
//! [`report`] writes what they found. [`check::check`] is that stair; everything that checks calls it.
//! `docs/architecture.md` names the floors and what holds them.

pub mod catalogue;
pub mod check;
pub mod choice;
pub mod cli;
pub mod conflict;
pub mod connection;
pub mod coverage;
pub mod discover;
pub mod finding;
pub mod fix;
pub mod glob;
pub mod init;
pub mod interpolation;
pub mod inventory;
pub mod markers;
pub mod model;
pub mod ownership;
pub mod parse;
pub mod policy;
pub mod report;
pub mod resolution;
pub mod rule;
pub mod rules;
pub mod source;
pub mod suppress;
pub mod yaml;
