//! Compiles `granary/v1/*.proto` with protox, so that no `protoc` is needed.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<PathBuf> = fs::read_dir("granary/v1")?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    println!("cargo:rerun-if-changed=granary/v1");
    let descriptors = protox::compile(&files, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("descriptors.bin"),
        protox::Compiler::new(["."])?
            .include_imports(true)
            .include_source_info(false)
            .open_files(&files)?
            .encode_file_descriptor_set(),
    )?;
    tonic_prost_build::configure()
        .bytes(".granary.v1.Envelope.payload")
        .compile_fds(descriptors)?;
    Ok(())
}
