// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/gloo-operator/gloo-operator/api/v1"
	"github.com/gloo-operator/gloo-operator/config/crd"
)

// Admitted is a ServiceMeshController as the API server would store it.
type Admitted struct {
	// Object has the schema's defaults.
	Object *v1.ServiceMeshController
	// Warnings name what was removed, such as unknown fields.
	Warnings []string
}

// Admit returns the object as the API server would store it, and leaves the original
// unchanged. It fails with the API server's status error if the object is invalid.
func Admit(object *unstructured.Unstructured) (*Admitted, error) {
	admitted := &Admitted{Object: &v1.ServiceMeshController{}}
	object, unknown, err := stored(object)
	if err != nil {
		return nil, err
	}
	for _, path := range unknown {
		admitted.Warnings = append(admitted.Warnings, fmt.Sprintf("unknown field %q", path))
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, admitted.Object); err != nil {
		return nil, fmt.Errorf("decoding ServiceMeshController %s: %w", object.GetName(), err)
	}
	if admitted.Object.DecodeError != "" {
		return nil, fmt.Errorf("decoding ServiceMeshController %s: %s", object.GetName(), admitted.Object.DecodeError)
	}
	return admitted, nil
}

// stored returns the object as the API server would store it, and the paths of unknown
// fields that were removed.
func stored(object *unstructured.Unstructured) (*unstructured.Unstructured, []string, error) {
	schema, err := loadSchema()
	if err != nil {
		return nil, nil, err
	}
	object = object.DeepCopy()
	object.SetNamespace("") // The kind is cluster-scoped: clients send no namespace.
	options := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown := pruning.PruneWithOptions(object.Object, schema, true, options)
	setDefaults(object.Object, schema)
	if invalid := validateObject(object, schema); len(invalid) > 0 {
		return nil, nil, apierrors.NewInvalid(object.GroupVersionKind().GroupKind(), object.GetName(), invalid)
	}
	return object, unknown, nil
}

// validateObject validates in the API server's order: rules are evaluated only if the
// schema accepts the object.
func validateObject(object *unstructured.Unstructured, schema *structuralschema.Structural) field.ErrorList {
	invalid := apivalidation.ValidateObjectMetaAccessor(object, false, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	invalid = append(invalid, validateSchema(object.Object, schema)...)
	if len(invalid) > 0 {
		return invalid
	}
	return validateRules(object.Object, schema, nil)
}

// loadSchema returns the structural schema of the version in api/v1. It is shared: do not
// change it.
var loadSchema = sync.OnceValues(readSchema)

func readSchema() (*structuralschema.Structural, error) {
	definition, err := crd.ServiceMeshControllers()
	if err != nil {
		return nil, err
	}
	for _, version := range definition.Spec.Versions {
		if version.Name != v1.GroupVersion.Version {
			continue
		}
		props := &apiextensions.JSONSchemaProps{}
		err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, props, nil)
		if err != nil {
			return nil, fmt.Errorf("converting the schema of %s: %w", definition.Name, err)
		}
		return structuralschema.NewStructural(props)
	}
	return nil, fmt.Errorf("%s has no version %s", definition.Name, v1.GroupVersion.Version)
}

// setDefaults sets missing and null values, and removes nulls without meaning
// (k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting, which depends on all of
// CEL).
func setDefaults(value any, schema *structuralschema.Structural) {
	switch value := value.(type) {
	case map[string]any:
		for key, property := range schema.Properties {
			if child, found := value[key]; child != nil || property.Nullable {
				setDefaults(child, &property)
			} else if property.Default.Object != nil {
				value[key] = runtime.DeepCopyJSONValue(property.Default.Object)
			} else if found {
				delete(value, key)
			}
		}
	case []any:
		if schema.Items == nil {
			return
		}
		for _, item := range value {
			setDefaults(item, schema.Items)
		}
	}
}
