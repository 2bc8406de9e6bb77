//! `#[net_server]`.
