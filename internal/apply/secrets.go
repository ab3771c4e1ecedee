// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/gloo-operator/gloo-operator/internal/informers"
)

// Secrets reads single Secrets by name, and follows those that it has read. It never
// asks for others.
type Secrets struct {
	ctx     context.Context
	client  kubernetes.Interface
	changed func()

	mu       sync.Mutex
	followed map[types.NamespacedName]*followed
}

// followed is a Secret as it was read first, and an informer that takes over from
// there.
type followed struct {
	first    *corev1.Secret
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
}

// NewSecrets reads with that client until the context ends, and calls changed when a
// Secret that it follows appears, changes or goes.
func NewSecrets(ctx context.Context, client kubernetes.Interface, changed func()) *Secrets {
	return &Secrets{ctx: ctx, client: client, changed: changed, followed: map[types.NamespacedName]*followed{}}
}

// Get returns the Secret of that name, nil where there is none. The first call sends
// a request, later ones none until Retain leaves it out.
func (s *Secrets) Get(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := types.NamespacedName{Namespace: namespace, Name: name}
	if f := s.followed[key]; f != nil {
		return f.newest(key), nil
	}
	first, err := s.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("reading Secret %s: %w", key, err)
	}
	ctx, stop := context.WithCancel(s.ctx)
	f := &followed{informer: s.informer(key), stop: stop}
	if err == nil {
		f.first = first
	}
	if err := informers.Notify(f.informer, func(metav1.Object) { s.changed() }); err != nil {
		stop()
		return nil, fmt.Errorf("following Secret %s: %w", key, err)
	}
	go f.informer.RunWithContext(ctx)
	s.followed[key] = f
	return f.first, nil
}

// Retain stops following all Secrets but those.
func (s *Secrets) Retain(keys ...types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, f := range s.followed {
		if !slices.Contains(keys, key) {
			f.stop()
			delete(s.followed, key)
		}
	}
}

func (f *followed) newest(key types.NamespacedName) *corev1.Secret {
	if !f.informer.HasSynced() {
		return f.first
	}
	object, _, _ := f.informer.GetStore().GetByKey(key.String())
	secret, _ := object.(*corev1.Secret)
	return secret
}

// informer watches one name: a selector by name needs no more rights than a get of
// that name.
func (s *Secrets) informer(key types.NamespacedName) cache.SharedIndexInformer {
	byName := informers.Selection{Fields: fields.OneTermEqualSelector("metadata.name", key.Name).String()}
	return informers.New(s.client.CoreV1().Secrets(key.Namespace), byName, &corev1.Secret{})
}
