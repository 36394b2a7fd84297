// Runs litewitness for a test: gives it a fresh key through an ssh-agent of its own and tells it which log to know.
// Prints one line of JSON when it answers, and ends with it when standard input closes.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh/agent"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const startTimeout = 30 * time.Second

var (
	program = flag.String("program", "", "the litewitness program")
	dir     = flag.String("dir", "", "folder for its database and socket")
	name    = flag.String("name", "witness.example/test", "name of the witness")
	listen  = flag.String("listen", "", "address:port")
	origin  = flag.String("origin", "", "origin of the log")
	logKey  = flag.String("log-key", "", "verifier key of the log")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	socket := filepath.Join(*dir, "agent.sock")
	if err := serveKey(socket, private); err != nil {
		return err
	}
	database := filepath.Join(*dir, "witness.db")
	fingerprint := sha256.Sum256(public)
	child := exec.Command(*program, "-name", *name, "-db", database, "-listen", *listen,
		"-ssh-agent", socket, "-key", hex.EncodeToString(fingerprint[:]))
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	defer child.Wait()
	defer child.Process.Kill()
	if err := waitFor(*listen); err != nil {
		return err
	}
	if err := addLog(database); err != nil {
		return err
	}
	signer, err := torchwood.NewCosignatureSigner(*name, private)
	if err != nil {
		return err
	}
	key := signer.Verifier().String()
	line, _ := json.Marshal(map[string]string{"verifierKey": key, "url": "http://" + *listen})
	fmt.Println(string(line))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func serveKey(socket string, private ed25519.PrivateKey) error {
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keyring, connection)
		}
	}()
	return nil
}

func waitFor(address string) error {
	deadline := time.Now().Add(startTimeout)
	for {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// addLog does what litewitness's own control program does, which cannot be built from the module proxy everywhere.
func addLog(database string) error {
	db, err := sqlite.OpenConn(database, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer db.Close()
	empty := sha256.Sum256(nil)
	root := base64.StdEncoding.EncodeToString(empty[:])
	err = sqlitex.Execute(db, "INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)",
		&sqlitex.ExecOptions{Args: []any{*origin, root}})
	if err != nil {
		return err
	}
	return sqlitex.Execute(db, "INSERT INTO key (origin, key) VALUES (?, ?)",
		&sqlitex.ExecOptions{Args: []any{*origin, *logKey}})
}
