// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

// chartFolder is where charts are kept unless a flag says otherwise.
func chartFolder() string {
	if folder, err := os.UserCacheDir(); err == nil {
		return filepath.Join(folder, "gloo-operator", "charts")
	}
	return filepath.Join(os.TempDir(), "gloo-operator", "charts")
}

// addSecret keeps a Secret as the API server would hold it.
func (m *manifest) addSecret(object *unstructured.Unstructured) error {
	secret := corev1.Secret{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &secret); err != nil {
		return fmt.Errorf("Secret %s is none as kubectl writes it", object.GetName()) // The cause may quote what is in it.
	}
	for key, value := range secret.StringData {
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		secret.Data[key] = []byte(value)
	}
	m.secrets = append(m.secrets, secret)
	return nil
}

// archives fetches the charts of a version that is not compiled in, unless they were
// fetched before; nil where there is no repository.
func (m *manifest) archives(ctx context.Context, spec v1.ServiceMeshControllerSpec, errOut io.Writer) (map[string][]byte, error) {
	if _, err := istio.Find(spec.Version); err == nil || spec.Repository == nil {
		return nil, nil
	}
	source := repository.Source{URL: spec.Repository.URL, Version: spec.Version, SkipVerify: spec.Repository.InsecureSkipVerify}
	store := repository.NewStore(ctx, repository.Options{Folder: chartFolder()})
	charts, err := store.Fetch(ctx, repository.Request{Source: source, Access: func(context.Context) (repository.Access, error) {
		return m.access(spec.Repository.Secrets, source)
	}})
	if kept := (&repository.KeepError{}); errors.As(err, &kept) {
		fmt.Fprintf(errOut, "warning: %v\n", kept)
		err = nil
	}
	return charts, err
}

// access finds the Secrets of a repository in the file.
func (m *manifest) access(names []v1.NamespacedSecret, source repository.Source) (repository.Access, error) {
	var secrets []corev1.Secret
	for _, name := range names {
		i := slices.IndexFunc(m.secrets, func(s corev1.Secret) bool { return s.Name == name.Name })
		if i < 0 {
			return repository.Access{}, fmt.Errorf("Secret %s of spec.repository is not in the file: add it there as a document of its own", name.Name)
		}
		secrets = append(secrets, m.secrets[i])
	}
	return repository.AccessFrom(secrets, source.Host())
}
