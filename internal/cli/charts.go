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

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/internal/istio"
	"github.com/gloo-operator/gloo-operator/internal/repository"
)

// chartCacheDir is the default directory of the chart cache.
func chartCacheDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "gloo-operator", "charts")
	}
	return filepath.Join(os.TempDir(), "gloo-operator", "charts")
}

// addFilename defines the required flag of the manifest.
func addFilename(command *cobra.Command, file *string) {
	command.Flags().StringVarP(file, "filename", "f", "", "file with the ServiceMeshController, - for standard input")
	if err := command.MarkFlagRequired("filename"); err != nil {
		panic(err) // The flag is defined above.
	}
}

// addDefaultRepository defines the flag of the repository that is used without
// spec.repository.
func addDefaultRepository(command *cobra.Command, url *string) {
	command.Flags().StringVar(url, "default-repository", istio.DefaultRepository,
		"repository of charts that are not bundled, unless spec.repository names one; empty: none")
}

// addSecret adds a Secret as the API server would store it.
func (m *manifest) addSecret(object *unstructured.Unstructured) error {
	secret := corev1.Secret{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &secret); err != nil {
		return fmt.Errorf("Secret %s cannot be decoded: check its data and stringData", object.GetName()) // The cause may quote what is in it.
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

// archives returns the charts of a version that is not bundled, from the cache, from
// spec.repository or from the default repository. Nil: the version is bundled, or there is
// no repository.
func (m *manifest) archives(ctx context.Context, spec v1.ServiceMeshControllerSpec, defaultRepository string, errOut io.Writer) (map[string][]byte, error) {
	from := spec.Repository
	if from == nil && defaultRepository != "" {
		from = &v1.Repository{URL: defaultRepository}
	}
	if _, err := istio.Find(spec.Version); err == nil || from == nil {
		return nil, nil
	}
	source := repository.Source{URL: from.URL, Version: spec.Version, SkipVerify: from.InsecureSkipVerify}
	store := repository.NewStore(ctx, repository.Options{Dir: chartCacheDir()})
	charts, err := store.Fetch(ctx, repository.Request{Source: source, Access: func(context.Context) (repository.Access, error) {
		return m.access(from.Secrets, source)
	}})
	if kept := (&repository.CacheError{}); errors.As(err, &kept) {
		fmt.Fprintf(errOut, "warning: %v\n", kept)
		err = nil
	}
	return charts, err
}

// access returns the access from the repository's Secrets in the file.
func (m *manifest) access(names []v1.NamespacedSecret, source repository.Source) (repository.Access, error) {
	var secrets []corev1.Secret
	for _, name := range names {
		i := slices.IndexFunc(m.secrets, func(s corev1.Secret) bool { return s.Name == name.Name })
		if i < 0 {
			return repository.Access{}, fmt.Errorf("Secret %s of spec.repository is not in the file: add it as a separate document", name.Name)
		}
		secrets = append(secrets, m.secrets[i])
	}
	return repository.AccessFrom(secrets, source.Host())
}
