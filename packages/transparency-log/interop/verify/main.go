// Verifies a transparency log with the code of the Go checksum database alone, none of Lethe's: the checkpoint's
// signature, that every entry is in the tree, and that the tree grew from earlier ones. Prints one line of JSON;
// exits 0 when all holds, 1 when something does not, 2 when it was called wrongly.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

type verdict struct {
	Ok        bool   `json:"ok"`
	Code      string `json:"code,omitempty"`
	Index     *int64 `json:"index,omitempty"`
	Size      int64  `json:"size"`
	Root      string `json:"root,omitempty"`
	Cosigned  int    `json:"cosigned"`
	Entries   int64  `json:"entries"`
	Proofs    int    `json:"proofs"`
	Growth    int    `json:"growth"`
	KeptSize  *int64 `json:"kept_size,omitempty"`
	KeptHeads int    `json:"kept_heads"`
}

// failure is a reason to refuse, with the leaf or tree size it was found at.
type failure struct {
	code string
	at   int64
}

func (f failure) Error() string { return f.code }

type keys []string

func (k *keys) String() string         { return strings.Join(*k, " ") }
func (k *keys) Set(value string) error { *k = append(*k, value); return nil }

type options struct {
	key, kept, heads string
	witnesses        keys
	quorum           int
	prove, growth    int
	seed             int64
	noEntries        bool
}

type run struct {
	options
	source *source
	tree   tlog.Tree
	hashes tlog.HashReader
	out    verdict
}

func main() {
	var o options
	dir := flag.String("dir", "", "folder with checkpoint and tile/")
	url := flag.String("url", "", "base URL of the log; entries are asked for with LETHE_OPERATOR_TOKEN when it is set")
	flag.StringVar(&o.key, "key", "", "verifier key of the log, name+hex+base64")
	flag.Var(&o.witnesses, "witness", "verifier key of a witness, may be repeated")
	flag.IntVar(&o.quorum, "quorum", -1, "how many witnesses must have cosigned (all)")
	flag.StringVar(&o.kept, "kept", "", "file with a checkpoint kept from before; the log must have grown from it")
	flag.StringVar(&o.heads, "heads", "", "file of lines \"size root\" kept from before; likewise")
	flag.IntVar(&o.prove, "prove", 500, "entries that also get an inclusion proof, picked at random; -1 for every one")
	flag.IntVar(&o.growth, "growth", 50, "pairs of sizes whose consistency is proved, picked at random")
	flag.Int64Var(&o.seed, "seed", 1, "of what is picked at random")
	flag.BoolVar(&o.noEntries, "no-entries", false, "check hash tiles alone")
	flag.Parse()
	if o.key == "" || (*dir == "") == (*url == "") || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	r := &run{options: o, source: newSource(*dir, *url)}
	err := r.all()
	r.out.Ok = err == nil
	if err != nil {
		r.out.Code = "unreadable"
		var f failure
		if errors.As(err, &f) {
			r.out.Code, r.out.Index = f.code, &f.at
		}
		fmt.Fprintln(os.Stderr, err)
	}
	line, _ := json.Marshal(r.out)
	fmt.Println(string(line))
	if err != nil {
		os.Exit(1)
	}
}

func (r *run) all() error {
	text, err := r.source.read("checkpoint")
	if err != nil {
		return failure{"checkpoint_missing", 0}
	}
	r.tree, r.out.Cosigned, err = openCheckpoint(text, r.key, r.witnesses)
	if err != nil {
		return failure{"checkpoint_refused", 0}
	}
	if r.quorum < 0 {
		r.quorum = len(r.witnesses)
	}
	if r.out.Cosigned < r.quorum {
		return failure{"quorum_missed", int64(r.out.Cosigned)}
	}
	r.out.Size, r.out.Root = r.tree.N, r.tree.Hash.String()
	r.hashes = tlog.TileHashReader(r.tree, &tiles{r.source, map[string][]byte{}})
	for _, step := range []func() error{r.everyEntry, r.someProofs, r.someGrowth, r.keptCheckpoint, r.keptHeads} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// everyEntry compares each entry's hash with its leaf; the leaf was checked against the signed root when it was read.
func (r *run) everyEntry() error {
	for first := int64(0); first < r.tree.N; first += tileWidth {
		width := int64(tileWidth)
		if first+width > r.tree.N {
			width = r.tree.N - first
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		leaves, err := r.hashes.ReadHashes(indexes)
		if err != nil {
			return failure{"tile_refused", first}
		}
		if r.noEntries {
			continue
		}
		entries, err := r.source.entries(first/tileWidth, int(width))
		if err != nil {
			return failure{"bundle_refused", first}
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[i] {
				return failure{"entry_differs", first + int64(i)}
			}
			r.out.Entries++
		}
	}
	return nil
}

func (r *run) someProofs() error {
	random := rand.New(rand.NewSource(r.seed))
	count := r.prove
	if count < 0 || int64(count) > r.tree.N {
		count = int(r.tree.N)
	}
	for i := 0; i < count; i++ {
		index := int64(i)
		if int64(count) < r.tree.N {
			index = random.Int63n(r.tree.N)
		}
		leaf, err := r.hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return failure{"tile_refused", index}
		}
		proof, err := tlog.ProveRecord(r.tree.N, index, r.hashes)
		if err != nil || tlog.CheckRecord(proof, r.tree.N, r.tree.Hash, index, leaf[0]) != nil {
			return failure{"inclusion_refused", index}
		}
		r.out.Proofs++
	}
	return nil
}

// grew proves that the tree `to`, whose root is computed from the tiles, extends the tree `from`.
func (r *run) grew(from, to tlog.Tree) error {
	if from.N > to.N {
		return failure{"shrank", from.N}
	}
	if from.N == 0 || from.N == to.N {
		if empty := (from.N == 0); !empty && from.Hash != to.Hash {
			return failure{"fork", from.N}
		}
		return nil
	}
	proof, err := tlog.ProveTree(to.N, from.N, r.hashes)
	if err != nil {
		return failure{"tile_refused", from.N}
	}
	if tlog.CheckTree(proof, to.N, to.Hash, from.N, from.Hash) != nil {
		return failure{"fork", from.N}
	}
	return nil
}

func (r *run) someGrowth() error {
	random := rand.New(rand.NewSource(r.seed))
	for i := 0; i < r.growth && r.tree.N > 0; i++ {
		sizes := []int64{1 + random.Int63n(r.tree.N), 1 + random.Int63n(r.tree.N)}
		if sizes[0] > sizes[1] {
			sizes[0], sizes[1] = sizes[1], sizes[0]
		}
		var trees [2]tlog.Tree
		for at, size := range sizes {
			hash, err := tlog.TreeHash(size, r.hashes)
			if err != nil {
				return failure{"tile_refused", size}
			}
			trees[at] = tlog.Tree{N: size, Hash: hash}
		}
		if err := r.grew(trees[0], trees[1]); err != nil {
			return err
		}
		if err := r.grew(trees[1], r.tree); err != nil {
			return err
		}
		r.out.Growth++
	}
	return nil
}

func (r *run) keptCheckpoint() error {
	if r.kept == "" {
		return nil
	}
	text, err := os.ReadFile(r.kept)
	if err != nil {
		return err
	}
	kept, _, err := openCheckpoint(text, r.key, nil)
	if err != nil {
		return failure{"kept_refused", 0}
	}
	r.out.KeptSize = &kept.N
	return r.grew(kept, r.tree)
}

func (r *run) keptHeads() error {
	if r.heads == "" {
		return nil
	}
	text, err := os.ReadFile(r.heads)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		head, err := parseHead(line)
		if err != nil {
			return failure{"kept_refused", 0}
		}
		if err := r.grew(head, r.tree); err != nil {
			return err
		}
		r.out.KeptHeads++
	}
	return nil
}
