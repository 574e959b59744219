// Reads a log as Go's checksum database client would: golang.org/x/mod/sumdb/note opens the checkpoint, and
// golang.org/x/mod/sumdb/tlog makes and checks every proof from the tiles. None of it was written by Granary's authors.
//
//	oracle URL VKEY [EARLIER-CHECKPOINT]
//
// Prints what was checked, or ends with status 1. The tiles of the checksum database have their height in the path, which
// c2sp.org/tlog-tiles leaves out.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type tileReader struct {
	url   string
	tiles map[string][]byte
}

func (r *tileReader) Height() int { return height }

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
		if r.tiles[path] == nil {
			r.tiles[path] = get(r.url + "/" + path)
		}
		all = append(all, r.tiles[path])
	}
	return all, nil
}

func main() {
	url, verifier := os.Args[1], os.Args[2]
	key, err := note.NewVerifier(verifier)
	check(err)
	tree := open(get(url+"/checkpoint"), key)
	hashes := tlog.TileHashReader(tree, &tileReader{url, map[string][]byte{}})
	entries := entriesOf(url, tree.N)
	for n, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(n), hashes)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(entry)))
	}
	for size := int64(1); size <= tree.N; size++ {
		root, err := tlog.TreeHash(size, hashes)
		check(err)
		prefix(tree, tlog.Tree{N: size, Hash: root}, hashes)
	}
	if len(os.Args) > 3 {
		earlier, err := os.ReadFile(os.Args[3])
		check(err)
		prefix(tree, open(earlier, key), hashes)
	}
	fmt.Printf("%d entries and %d prefixes hold\n", len(entries), tree.N)
}

func prefix(tree, earlier tlog.Tree, hashes tlog.HashReader) {
	proof, err := tlog.ProveTree(tree.N, earlier.N, hashes)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash))
}

// open verifies a checkpoint. Its text is that of the checksum database but for the first line, the log's own name.
func open(message []byte, key note.Verifier) tlog.Tree {
	opened, err := note.Open(message, note.VerifierList(key))
	check(err)
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != key.Name() {
		check(fmt.Errorf("the checkpoint is of log %q", origin))
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	check(err)
	return tree
}

// entriesOf reads every bundle: entries behind their lengths, 256 in each but the last.
func entriesOf(url string, size int64) [][]byte {
	var entries [][]byte
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: height, L: -1, N: n, W: 256}
		if left := size - n*256; left < 256 {
			tile.W = int(left)
		}
		path := "tile/entries/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/data/", height))
		bundle := get(url + "/" + path)
		for i := 0; i < tile.W; i++ {
			length := int(binary.BigEndian.Uint16(bundle))
			entries = append(entries, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			check(fmt.Errorf("%s has more than its entries", path))
		}
	}
	return entries
}

func get(url string) []byte {
	response, err := http.Get(url)
	check(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		check(fmt.Errorf("%s: %s", url, response.Status))
	}
	body, err := io.ReadAll(response.Body)
	check(err)
	return body
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
