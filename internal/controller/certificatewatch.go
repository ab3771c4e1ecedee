// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/gloo-operator/gloo-operator/internal/certificates"
	"github.com/gloo-operator/gloo-operator/internal/informers"
)

// certificateWatch follows what holds certificates of the mesh's CA in one install namespace, each
// object by its name. It keeps no private key in memory. Only the worker uses it.
type certificateWatch struct {
	// ctx ends the watches when the operator ends.
	ctx       context.Context
	clientset kubernetes.Interface
	// changed starts an attempt when an object has changed, and once all have been read.
	changed func()

	namespace                string
	stop                     context.CancelFunc
	root, cacerts, generated cache.SharedIndexInformer
}

// read returns the certificates of a namespace, without a request after the first call. Unknown:
// they have not been read yet.
func (w *certificateWatch) read(namespace string) (in certificates.Input, known bool) {
	if w.namespace != namespace {
		w.end()
		w.follow(namespace)
	}
	for _, informer := range w.all() {
		if !informer.HasSynced() {
			return certificates.Input{}, false
		}
	}
	if found, ok := held(w.root).(*corev1.ConfigMap); ok {
		in.Published = []byte(found.Data[certificates.RootKey])
	}
	return certificates.Input{Published: in.Published, CACerts: dataOf(w.cacerts), Istiod: dataOf(w.generated)}, true
}

// end stops the watches.
func (w *certificateWatch) end() {
	if w == nil || w.namespace == "" {
		return
	}
	w.stop()
	w.namespace, w.root, w.cacerts, w.generated = "", nil, nil, nil
}

func (w *certificateWatch) all() []cache.SharedIndexInformer {
	return []cache.SharedIndexInformer{w.root, w.cacerts, w.generated}
}

// follow starts the watches.
func (w *certificateWatch) follow(namespace string) {
	ctx, stop := context.WithCancel(w.ctx)
	core := w.clientset.CoreV1()
	w.namespace, w.stop = namespace, stop
	w.root = informers.New(core.ConfigMaps(namespace), certificateSelection(certificates.RootConfigMap), &corev1.ConfigMap{})
	w.cacerts = informers.New(core.Secrets(namespace), certificateSelection(certificates.CACertsSecret), &corev1.Secret{})
	w.generated = informers.New(core.Secrets(namespace), certificateSelection(certificates.IstiodSecret), &corev1.Secret{})
	synced := make([]cache.InformerSynced, 0, len(w.all()))
	for _, informer := range w.all() {
		if err := informers.Notify(informer, func(metav1.Object) { w.changed() }); err != nil {
			panic(err) // Only for an informer that has stopped.
		}
		go informer.RunWithContext(ctx)
		synced = append(synced, informer.HasSynced)
	}
	go func() {
		if cache.WaitForCacheSync(ctx.Done(), synced...) {
			w.changed() // Without any object, no watch has anything to report.
		}
	}()
}

// certificateSelection is the object of that name, of which the certificates are kept.
func certificateSelection(name string) informers.Selection {
	return informers.Selection{Fields: fields.OneTermEqualSelector("metadata.name", name).String(), Transform: keepCertificates}
}

// keepCertificates drops all but the certificates: private keys above all.
func keepCertificates(found any) (any, error) {
	switch full := found.(type) {
	case *corev1.ConfigMap:
		text := full.Data[certificates.RootKey]
		return &corev1.ConfigMap{ObjectMeta: nameOf(full), Data: map[string]string{certificates.RootKey: string(limited([]byte(text)))}}, nil
	case *corev1.Secret:
		kept := &corev1.Secret{ObjectMeta: nameOf(full), Data: map[string][]byte{}}
		for _, key := range certificates.SecretKeys() {
			if text, ok := full.Data[key]; ok {
				kept.Data[key] = limited(text)
			}
		}
		return kept, nil
	default:
		return found, nil
	}
}

func nameOf(o metav1.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion()}
}

// limited is a copy of the text up to what is read of it, and a byte more to show that it is longer.
func limited(text []byte) []byte {
	return bytes.Clone(text[:min(len(text), certificates.MaxBytes+1)])
}

// held is the object that an informer has. Nil: there is none.
func held(informer cache.SharedIndexInformer) any {
	for _, found := range informer.GetStore().List() {
		return found
	}
	return nil
}

// dataOf is the data of the Secret that an informer has. Nil: there is none.
func dataOf(informer cache.SharedIndexInformer) map[string][]byte {
	if found, ok := held(informer).(*corev1.Secret); ok {
		return found.Data
	}
	return nil
}
