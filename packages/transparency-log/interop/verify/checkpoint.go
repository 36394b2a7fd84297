package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// witness verifies cosignature/v1 signatures, which golang.org/x/mod does not know.
type witness struct {
	name   string
	keyID  uint32
	public ed25519.PublicKey
}

func newWitness(key string) (*witness, error) {
	parts := strings.SplitN(key, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed witness key")
	}
	keyID, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	material, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(material) != 1+ed25519.PublicKeySize || material[0] != 4 {
		return nil, errors.New("malformed witness key")
	}
	return &witness{parts[0], uint32(keyID), ed25519.PublicKey(material[1:])}, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.keyID }

func (w *witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.public, []byte(signed), sig[8:])
}

// openCheckpoint verifies a note with the log's key and gives its tree and how many of the witnesses cosigned.
func openCheckpoint(text []byte, logKey string, witnessKeys []string) (tlog.Tree, int, error) {
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	verifiers := []note.Verifier{log}
	for _, key := range witnessKeys {
		verifier, err := newWitness(key)
		if err != nil {
			return tlog.Tree{}, 0, err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(text, note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	byLog := 0
	for _, sig := range opened.Sigs {
		if sig.Name == log.Name() && sig.Hash == log.KeyHash() {
			byLog = 1
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if byLog == 0 || len(lines) != 4 || lines[3] != "" || lines[0] != log.Name() {
		return tlog.Tree{}, 0, errors.New("not a checkpoint of this log")
	}
	tree, err := parseHead(lines[1] + " " + lines[2])
	return tree, len(opened.Sigs) - byLog, err
}

// parseHead reads "size base64-root".
func parseHead(line string) (tlog.Tree, error) {
	size, root, _ := strings.Cut(line, " ")
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != size {
		return tlog.Tree{}, errors.New("malformed size")
	}
	hash, err := tlog.ParseHash(root)
	return tlog.Tree{N: n, Hash: hash}, err
}
