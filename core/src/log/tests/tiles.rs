//! Tile paths, tile bytes and entry bundles.

use proptest::prelude::*;

use super::leaf;
use crate::log::merkle::NodeId;
use crate::log::tiles::{Tile, TileError, TileId, TileKind, TilePath, push_entry, split_entries};

#[test]
fn paths_are_written_as_the_specification_does() {
    let path = |level, index, size| {
        TileId::new(level, index)
            .unwrap()
            .path(size)
            .map(|path| path.to_string())
    };
    assert_eq!(
        path(0, 1_234_067, 1 << 40).as_deref(),
        Some("tile/0/x001/x234/067")
    );
    assert_eq!(path(0, 0, 256).as_deref(), Some("tile/0/000"));
    assert_eq!(path(1, 0, 256).as_deref(), Some("tile/1/000.p/1"));
    assert_eq!(path(0, 273, 70_000).as_deref(), Some("tile/0/273.p/112"));
    assert_eq!(path(1, 1, 70_000).as_deref(), Some("tile/1/001.p/17"));
    assert_eq!(path(0, 274, 70_000), None);
    assert_eq!(path(0, 1_000, u64::MAX).as_deref(), Some("tile/0/x001/000"));
    let entries = TilePath::entries(273, 70_000).map(|path| path.to_string());
    assert_eq!(entries.as_deref(), Some("tile/entries/273.p/112"));
    assert_eq!(TilePath::entries(274, 70_000), None);
}

#[test]
fn only_the_one_spelling_of_a_path_is_read() {
    let parsed = TilePath::parse("tile/0/x001/x234/067.p/5").unwrap();
    assert_eq!(
        (parsed.kind(), parsed.index(), parsed.width()),
        (TileKind::Hashes(0), 1_234_067, 5)
    );
    assert_eq!(
        TilePath::parse("tile/entries/000").unwrap().kind(),
        TileKind::Entries
    );
    let wrong = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/67",
        "tile/0/0067",
        "tile/0/x067",
        "tile/0/x000/067",
        "tile/0/001/067",
        "tile/0/x001/x067",
        "tile/0/x001//067",
        "tile/0/xx01/067",
        "tile/0/+67",
        "tile/00/067",
        "tile/-1/067",
        "tile/64/067",
        "/tile/0/067",
        "tile/0/067/",
        "tile/0/067.p/",
        "tile/0/067.p/0",
        "tile/0/067.p/256",
        "tile/0/067.p/05",
        "tile/0/067.p/+5",
        "tile/0/067.p/5.p/5",
        "tile/data/067",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/ 67",
        "tile/entries/x000/000",
    ];
    for path in wrong {
        assert!(TilePath::parse(path).is_err(), "{path:?} was read");
    }
    assert_eq!(
        TilePath::parse("tile/8/000"),
        Err(TileError::Outside { level: 8, index: 0 })
    );
    assert!(
        TilePath::parse("tile/7/001").is_err(),
        "behind the end of a 64-bit tree"
    );
}

#[test]
fn tile_bytes_round_trip_and_odd_lengths_are_refused() {
    let id = TileId::new(0, 3).unwrap();
    let tile = Tile::new(id, (0..256).map(leaf).collect()).unwrap();
    let bytes = tile.to_bytes();
    assert_eq!(bytes.len(), 8192);
    assert_eq!(bytes[32..64], *leaf(1).as_bytes());
    assert_eq!(Tile::from_bytes(id, &bytes).as_ref(), Ok(&tile));
    for length in [0, 31, 33, 8191, 8224] {
        let bytes = vec![0; length];
        assert_eq!(
            Tile::from_bytes(id, &bytes),
            Err(TileError::TileLength { bytes: length })
        );
    }
}

#[test]
fn a_tile_gives_no_node_that_it_does_not_hold() {
    let tile = Tile::new(TileId::new(0, 0).unwrap(), (0..3).map(leaf).collect()).unwrap();
    assert_eq!(tile.node(NodeId { level: 0, index: 2 }), Some(leaf(2)));
    let absent = [
        (0, 3),
        (1, 1),
        (8, 0),
        (0, 256),
        (255, 0),
        (63, u64::MAX),
        (0, u64::MAX),
    ];
    for (level, index) in absent {
        assert_eq!(
            tile.node(NodeId { level, index }),
            None,
            "level {level}, index {index}"
        );
    }
}

#[test]
fn bundles_have_the_bytes_of_the_specification() {
    let mut bundle = Vec::new();
    push_entry(&mut bundle, b"abc").unwrap();
    push_entry(&mut bundle, b"").unwrap();
    push_entry(&mut bundle, &[7; 65_535]).unwrap();
    assert_eq!(bundle[..9], [0, 3, b'a', b'b', b'c', 0, 0, 0xff, 0xff]);
    assert_eq!(
        split_entries(&bundle).unwrap(),
        [b"abc".as_slice(), b"", &[7; 65_535]]
    );
    let too_long = push_entry(&mut bundle, &[0; 65_536]);
    assert_eq!(too_long, Err(TileError::EntryTooLong { bytes: 65_536 }));
    assert_eq!(
        split_entries(&[0, 0, 0]),
        Err(TileError::BundleTorn { entry: 1 })
    );
    assert_eq!(
        split_entries(&[0, 2, 9]),
        Err(TileError::BundleTorn { entry: 0 })
    );
    assert_eq!(split_entries(&[]), Err(TileError::BundleWidth));
    assert_eq!(
        split_entries(&[0; 512]).map(|entries| entries.len()),
        Ok(256)
    );
    assert_eq!(split_entries(&[0; 514]), Err(TileError::BundleWidth));
}

proptest! {
    #[test]
    fn paths_round_trip(level in 0_u8..8, index in any::<u64>(), size in any::<u64>()) {
        let index = index.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0) % 2_000_000;
        if let Some(path) = TileId::new(level, index).unwrap().path(size) {
            prop_assert_eq!(TilePath::parse(&path.to_string()), Ok(path));
        }
    }

    #[test]
    fn bundles_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..256)) {
        let mut bundle = Vec::new();
        entries.iter().for_each(|entry| push_entry(&mut bundle, entry).unwrap());
        prop_assert_eq!(split_entries(&bundle).unwrap(), entries);
    }

    #[test]
    fn no_text_makes_the_path_parser_panic(path in "(tile/)?([0-9]{1,3}|entries)?/?([x0-9/]{0,40})(\\.p/)?[0-9+]{0,5}|\\PC{0,40}") {
        if let Ok(parsed) = TilePath::parse(&path) {
            prop_assert_eq!(parsed.to_string(), path);
        }
    }

    #[test]
    fn no_bytes_make_the_bundle_parser_panic(bytes in prop::collection::vec(0_u8..4, 0..600)) {
        if let Ok(entries) = split_entries(&bytes) {
            let mut again = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut again, entry).unwrap());
            prop_assert_eq!(again, bytes);
        }
    }
}
