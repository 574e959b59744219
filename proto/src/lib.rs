//! The wire contract of Granary: the code generated from `granary/v1/*.proto`, and nothing else.
//!
//! `docs/PROTOCOL.md` says what the messages mean. The generated types stay at the edge of each program; the core has
//! types of its own.

/// Package `granary.v1`.
#[expect(
    unused_qualifications,
    clippy::too_many_lines,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("granary.v1");
}

/// The encoded `FileDescriptorSet` of the package, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
