// SPDX-License-Identifier: Apache-2.0

package bugreport

import "time"

// The limits of a report. docs/bug-report.md names them: see archive_test.go.
const (
	// MaxFile is how much of a file is kept, in bytes, and MaxArchive how much all files have,
	// before compression. MaxLog is how much of the end of a log is kept.
	MaxFile    = 1 << 20
	MaxArchive = 16 << 20
	MaxLog     = 256 << 10
	// LogLines is how many lines of each log are read.
	LogLines = 2000
	// MaxPods is how many pods of a workload are described, those that are not ready first.
	MaxPods = 100
	// MaxLogPods is how many pods that are not ready have their logs read.
	MaxLogPods = 10
	// MaxNodes is how many nodes are listed.
	MaxNodes = 1000
	// MaxEvents is how many events of a ServiceMeshController are listed.
	MaxEvents = 500
)

const (
	// podsRead is how many pods of a workload are read, in order to find those that are not ready.
	podsRead = 5000
	// objectsRead is how many objects of a kind are read.
	objectsRead = 500
	// maxLogRead is how much of a log is read: its lines can have any length.
	maxLogRead = 8 << 20
	// requestsPerSecond is how many requests the API server gets.
	requestsPerSecond = 50
	// requestTimeout is for each request, logs included.
	requestTimeout = 30 * time.Second
)
