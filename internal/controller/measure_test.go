// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gloo-operator/gloo-operator/internal/apply"
)

var _ = It("Objects that were refused are found in joined errors", func() {
	about := func(kind string) *apply.ObjectError {
		return &apply.ObjectError{Key: apply.Key{GVK: schema.GroupVersionKind{Kind: kind}}}
	}
	err := fmt.Errorf("applying: %w", errors.Join(fmt.Errorf("once: %w", about("A")), errors.New("else"), errors.Join(about("B"))))
	Expect(keysOf(err)).To(Equal([]apply.Key{about("A").Key, about("B").Key}))
	Expect(keysOf(nil)).To(BeEmpty())
})
