// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Support is how long the Istio project supports a minor version with security fixes: until
// six weeks after the second minor version after it,
// https://istio.io/latest/docs/releases/supported-releases/#support-policy.
type Support struct {
	// Minor is the minor version of Istio 1.x.
	Minor int
	// Released is the day of its first release.
	Released time.Time
	// End is the day on which support ends.
	End time.Time
	// Expected reports that the end is not announced: it is an estimate by the Istio
	// project, or by its policy.
	Expected bool
	// Source is where the end stands.
	Source string
}

// The table of support was looked up on the day SupportLookedUp, in copies of the pages that
// it names. SupportKnown is the day of the newest of them: what was announced since is not
// in it.
var (
	SupportLookedUp = day(2026, time.November, 28)
	SupportKnown    = day(2026, time.October, 15)
)

// SupportStatus is where the Istio project publishes the state of its minor versions.
const SupportStatus = "https://istio.io/latest/docs/releases/supported-releases/#support-status-of-istio-releases"

const supportPolicy = "six weeks after 1.32, which is expected in December 2026: https://github.com/istio/istio.io/pull/17540"

// supports is the table of support, oldest first.
var supports = []Support{
	{Minor: 26, Released: day(2025, time.May, 8), End: day(2025, time.December, 22), Source: SupportStatus},
	{Minor: 27, Released: day(2025, time.August, 11), End: day(2026, time.April, 7), Source: SupportStatus},
	{Minor: 28, Released: day(2025, time.November, 5), End: day(2026, time.July, 1), Source: SupportStatus},
	{
		Minor: 29, Released: day(2026, time.February, 16), End: day(2026, time.October, 15),
		Source: "https://istio.io/latest/news/releases/1.29.x/announcing-1.29.9/",
	},
	{Minor: 30, Released: day(2026, time.May, 18), End: day(2027, time.January, 31), Expected: true, Source: supportPolicy},
	{Minor: 31, Released: day(2026, time.August, 31), End: day(2027, time.February, 28), Expected: true, Source: SupportStatus},
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Supports returns the table of support, oldest first.
func Supports() []Support { return slices.Clone(supports) }

// SupportOf returns the support of a version's minor version. Minor versions older than the
// table have ended on a day that is not known. It reports false for newer ones and for what
// is no version of Istio 1.x.
func SupportOf(version string) (Support, bool) {
	parsed, err := semver.NewVersion(version)
	if err != nil || parsed.Major() != 1 {
		return Support{}, false
	}
	minor := int(parsed.Minor())
	if minor < supports[0].Minor {
		return Support{Minor: minor, Source: SupportStatus}, true
	}
	i := slices.IndexFunc(supports, func(s Support) bool { return s.Minor == minor })
	if i < 0 {
		return Support{}, false
	}
	return supports[i], true
}

// Ended reports whether support has ended by that time.
func (s Support) Ended(now time.Time) bool { return now.After(s.End) }

// State is the state at that time, such as "supported until 2027-02-28 (expected)".
func (s Support) State(now time.Time) string {
	expected := ""
	if s.Expected {
		expected = " (expected)"
	}
	switch {
	case s.End.IsZero():
		return "not supported"
	case s.Ended(now):
		return fmt.Sprintf("not supported since %s%s", s.End.Format(time.DateOnly), expected)
	default:
		return fmt.Sprintf("supported until %s%s", s.End.Format(time.DateOnly), expected)
	}
}
