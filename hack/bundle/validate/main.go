// SPDX-License-Identifier: Apache-2.0

// Command validate validates a bundle as the catalogs of the Operator Lifecycle Manager do.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/validation"
	interfaces "github.com/operator-framework/api/pkg/validation/interfaces"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . DIRECTORY")
		os.Exit(2)
	}
	warnings, err := validate(os.Args[1])
	for _, warning := range warnings {
		fmt.Println(warning)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "validate:", err)
		os.Exit(1)
	}
	fmt.Println("the bundle in", os.Args[1], "is valid")
}

// validators are those of OperatorHub.io besides the default ones.
var validators = interfaces.Validators{
	validation.ClusterServiceVersionValidator, validation.CustomResourceDefinitionValidator, validation.BundleValidator,
	validation.OperatorHubV2Validator, validation.StandardCapabilitiesValidator, validation.StandardCategoriesValidator,
	validation.ObjectValidator, validation.GoodPracticesValidator,
}

// validate returns the warnings about the bundle in that directory, and its errors.
func validate(directory string) (warnings []string, err error) {
	bundle, err := manifests.GetBundleFromDir(filepath.Join(directory, "bundle"))
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, result := range validators.Validate(bundle.ObjectsToValidate()...) {
		for _, one := range result.Errors {
			problems = append(problems, one)
		}
		for _, one := range result.Warnings {
			warnings = append(warnings, one.Error())
		}
	}
	return warnings, errors.Join(problems...)
}
