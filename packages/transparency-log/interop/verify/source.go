package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	// A full bundle: 256 entries of at most 65,535 bytes, each behind two bytes of length.
	maxFileBytes = tileWidth * (2 + 65_535)
)

var errAbsent = errors.New("absent")

// source reads the log's files from a folder or over HTTP.
type source struct {
	dir, url, token string
	client          http.Client
}

func newSource(dir, url string) *source {
	return &source{
		dir: dir, url: strings.TrimSuffix(url, "/"), token: os.Getenv("LETHE_OPERATOR_TOKEN"),
		client: http.Client{Timeout: 30 * time.Second},
	}
}

func (s *source) read(path string) ([]byte, error) {
	if s.dir != "" {
		data, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(path)))
		if errors.Is(err, os.ErrNotExist) {
			return nil, errAbsent
		}
		return data, err
	}
	request, err := http.NewRequest(http.MethodGet, s.url+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if s.token != "" && strings.HasPrefix(path, "tile/entries/") {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, errAbsent
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxFileBytes+1))
}

// readTile gives a partial tile, or the full one that may stand in its place.
func (s *source) readTile(path string) ([]byte, error) {
	data, err := s.read(path)
	full, _, isPartial := strings.Cut(path, ".p/")
	if errors.Is(err, errAbsent) && isPartial {
		return s.read(full)
	}
	return data, err
}

// entries gives the entries from bundle number n, exactly width of them.
func (s *source) entries(n int64, width int) ([][]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: -1, N: n, W: width}
	data, err := s.readTile(strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(data[0])<<8+int(data[1]) {
			return nil, errors.New("cut bundle")
		}
		length := int(data[0])<<8 + int(data[1])
		list = append(list, data[2:2+length])
		data = data[2+length:]
	}
	if len(list) != width && len(list) != tileWidth {
		return nil, errors.New("wrong number of entries")
	}
	return list[:width], nil
}

// tiles is a tlog.TileReader whose tiles are checked by tlog.TileHashReader before they are used.
type tiles struct {
	source *source
	cache  map[string][]byte
}

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(list))
	for i, tile := range list {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, found := t.cache[path]
		if !found {
			var err error
			if data, err = t.source.readTile(path); err != nil {
				return nil, err
			}
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, errors.New("cut tile")
		}
		all[i] = data[:tile.W*tlog.HashSize]
	}
	return all, nil
}

func (t *tiles) SaveTiles(list []tlog.Tile, data [][]byte) {
	for i, tile := range list {
		if len(t.cache) < 4096 {
			t.cache[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = data[i]
		}
	}
}
