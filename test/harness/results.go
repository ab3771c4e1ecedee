// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/json"
	"os"
)

// WriteResults writes what a suite has covered to a file, for hack/reliability. Without a
// name it writes nothing.
func WriteResults(file, section string, columns []string, rows [][]string) error {
	if file == "" {
		return nil
	}
	content, err := json.MarshalIndent(map[string]any{"section": section, "columns": columns, "rows": rows}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}
