//! The right edge of the tiles: what batches complete, and what is needed to go on after a restart.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{frontier, leaves, nodes, reference};
use crate::log::edge::{EdgeError, EdgeGrowth, TileEdge};
use crate::log::hash::Hash;
use crate::log::proof::{consistency_proof, inclusion_proof};
use crate::log::tiles::{Tile, TileId};

type Store = BTreeMap<TileId, Tile>;

fn store(tiles: &mut Store, growth: &EdgeGrowth) {
    let written = growth.full_tiles().iter().chain(growth.open_tiles());
    tiles.extend(written.map(|tile| (tile.id(), tile.clone())));
}

/// Appends batches of these sizes, restarting from the stored tiles before each.
fn grow(batches: &[u64]) -> (Store, TileEdge) {
    let (mut tiles, mut size) = (Store::new(), 0);
    for count in batches {
        let edge = TileEdge::restore(size, |id| tiles.get(&id).cloned()).unwrap();
        assert_eq!(edge.frontier(), &frontier(size), "restored at {size}");
        let growth = edge.grow(leaves(size..size + count));
        assert!(growth.full_tiles().iter().all(Tile::is_full));
        assert!(!growth.open_tiles().iter().any(Tile::is_full));
        store(&mut tiles, &growth);
        size += count;
    }
    let edge = TileEdge::restore(size, |id| tiles.get(&id).cloned()).unwrap();
    (tiles, edge)
}

/// The hashes that the specification says a tile holds.
fn expected_tile(id: TileId, all: &[Hash]) -> Vec<Hash> {
    let width = 1_usize << (8 * id.level());
    let first = id.index() as usize * 256;
    all.chunks_exact(width)
        .skip(first)
        .take(256)
        .map(reference::mth)
        .collect()
}

fn check_tiles(batches: &[u64]) {
    let size = batches.iter().sum();
    let all = leaves(0..size);
    let (tiles, edge) = grow(batches);
    assert_eq!(edge.frontier().root(), reference::mth(&all));
    for (id, tile) in &tiles {
        assert_eq!(tile.hashes(), expected_tile(*id, &all), "{}", tile.path());
        assert_eq!(Some(tile.path()), id.path(size));
    }
    let expected: u64 = (0..8)
        .map(|level| (size >> (8 * level)).div_ceil(256))
        .sum();
    assert_eq!(tiles.len() as u64, expected);
    let from_tiles = |node| tiles.get(&TileId::holding(node))?.node(node);
    for (a, b) in [
        (0, size),
        (size / 3, size),
        (size - 1, size),
        (size / 2, size / 2 + 1),
    ] {
        assert_eq!(
            inclusion_proof(a, b, from_tiles),
            inclusion_proof(a, b, nodes(&all))
        );
        assert_eq!(
            consistency_proof(a, b, from_tiles),
            consistency_proof(a, b, nodes(&all))
        );
    }
}

#[test]
fn tiles_around_every_boundary_are_those_of_the_specification() {
    check_tiles(&[1]);
    check_tiles(&[255, 1]);
    check_tiles(&[256]);
    check_tiles(&[100, 200, 212, 1]);
    check_tiles(&[256 * 3, 0, 1, 600]);
}

#[test]
fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
    let (tiles, _) = grow(&[65_530, 4_470]);
    let count = |level, full| {
        tiles
            .values()
            .filter(|tile| tile.id().level() == level && tile.is_full() == full)
            .count()
    };
    assert_eq!((count(0, true), count(0, false)), (273, 1));
    assert_eq!((count(1, true), count(1, false)), (1, 1));
    assert_eq!((count(2, true), count(2, false)), (0, 1));
    let widths: Vec<_> = tiles
        .values()
        .filter(|tile| !tile.is_full())
        .map(|tile| tile.hashes().len())
        .collect();
    assert_eq!(widths, [112, 17, 1]);
}

#[test]
fn growing_leaves_the_edge_as_it_was() {
    let (_, edge) = grow(&[300]);
    let before = edge.clone();
    let growth = edge.grow(leaves(300..600));
    assert_eq!(edge, before);
    assert_eq!(growth.edge().size(), 600);
    assert_eq!(growth.full_tiles().len(), 1);
    assert_eq!(growth.growth().root(), growth.into_edge().frontier().root());
}

#[test]
fn a_missing_or_short_tile_is_an_error_and_a_wider_one_is_not() {
    let (tiles, _) = grow(&[300]);
    let missing = TileEdge::restore(300, |_| None);
    assert!(
        matches!(missing, Err(EdgeError::MissingTile { size: 300, .. })),
        "{missing:?}"
    );
    assert!(TileEdge::restore(301, |id| tiles.get(&id).cloned()).is_err());
    let earlier = TileEdge::restore(290, |id| tiles.get(&id).cloned()).unwrap();
    assert_eq!(
        earlier,
        grow(&[290]).1,
        "the hashes behind the size are left out"
    );
    let elsewhere = Tile::new(TileId::new(0, 7).unwrap(), leaves(0..256)).unwrap();
    assert!(
        TileEdge::restore(300, |_| Some(elsewhere.clone())).is_err(),
        "a tile of another place"
    );
    assert!(TileEdge::restore(u64::MAX, |_| None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_batches_give_the_same_tiles(batches in prop::collection::vec(0_u64..700, 1..6)) {
        prop_assume!(batches.iter().sum::<u64>() > 0);
        check_tiles(&batches);
    }
}
