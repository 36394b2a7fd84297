//go:build tools

// Package tools pins the object store that tests run, with its sums, in go.mod and go.sum.
package tools

import _ "github.com/minio/minio"
