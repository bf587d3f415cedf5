// Checks objects of Kubernetes without an API server: the YAML documents on standard input are decoded strictly with
// Kubernetes' own types, and the pods in them judged by the pod security standard "restricted". Prints a line for each
// object, and for each fault; exit code 1 when there is one.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	sigsyaml "sigs.k8s.io/yaml"
)

// The pod that an object makes; nil when it makes none.
func podOf(object runtime.Object) *corev1.PodTemplateSpec {
	switch typed := object.(type) {
	case *appsv1.StatefulSet:
		return &typed.Spec.Template
	case *appsv1.Deployment:
		return &typed.Spec.Template
	case *batchv1.Job:
		return &typed.Spec.Template
	case *corev1.Pod:
		return &corev1.PodTemplateSpec{ObjectMeta: typed.ObjectMeta, Spec: typed.Spec}
	}
	return nil
}

func checkSecurity(evaluator policy.Evaluator, pod *corev1.PodTemplateSpec) error {
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	results := evaluator.EvaluatePod(level, &metav1.ObjectMeta{}, &pod.Spec)
	if result := policy.AggregateCheckResults(results); !result.Allowed {
		return errors.New("pod security: " + result.ForbiddenDetail())
	}
	return nil
}

// checkDocument returns what the document holds; nothing when it is empty.
func checkDocument(document []byte, decoder runtime.Decoder, evaluator policy.Evaluator) (string, error) {
	var content map[string]any
	if err := sigsyaml.UnmarshalStrict(document, &content); err != nil || len(content) == 0 {
		return "", err
	}
	object, kind, err := decoder.Decode(document, nil, nil)
	if err != nil {
		return "", err
	}
	accessor, ok := object.(metav1.Object)
	if !ok {
		return "", fmt.Errorf("a %s has no name", kind.Kind)
	}
	name := kind.Kind + " " + accessor.GetName()
	if pod := podOf(object); pod != nil {
		err = checkSecurity(evaluator, pod)
	}
	return name, err
}

func run(input io.Reader) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return err
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme,
		json.SerializerOptions{Yaml: true, Strict: true})
	reader := yaml.NewYAMLReader(bufio.NewReader(input))
	var faults []error
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return errors.Join(faults...)
		}
		if err != nil {
			return err
		}
		name, err := checkDocument(document, decoder, evaluator)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w\n%s", name, err, document))
		} else if name != "" {
			fmt.Println(name)
		}
	}
}

func main() {
	if err := run(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
