// The webhook provider of the External Secrets Operator, with the manifests of docs/kubernetes.md in manifests.yaml.
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	"github.com/external-secrets/external-secrets/pkg/provider/webhook"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// A cluster that holds one secret, which is all that the provider asks for.
type cluster struct {
	client.Client
	secret corev1.Secret
}

func (c cluster) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	secret, isSecret := object.(*corev1.Secret)
	if !isSecret || key.Name != c.secret.Name {
		return fmt.Errorf("nothing is called %s", key.Name)
	}
	c.secret.DeepCopyInto(secret)
	return nil
}

func expect(holds bool, what string, details ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, "failed:", what, details)
		os.Exit(1)
	}
}

func main() {
	text, err := os.ReadFile("manifests.yaml")
	expect(err == nil, "read the manifests", err)
	origin := strings.TrimSuffix(os.Getenv("BASE_URL"), "/api/")
	var secret corev1.Secret
	var store esv1.SecretStore
	var wanted esv1.ExternalSecret
	for at, part := range strings.Split(strings.ReplaceAll(string(text), "https://strongroom.example.com", origin), "---\n") {
		err := yaml.UnmarshalStrict([]byte(part), []any{&secret, &store, &wanted}[at])
		expect(err == nil, "read a manifest as the cluster would", err)
	}
	// As the cluster stores it.
	secret.Data = map[string][]byte{"apiKey": []byte(os.Getenv("NETACTUATE_API_KEY"))}

	ctx := context.Background()
	provider := &webhook.Provider{}
	_, err = provider.ValidateStore(&store)
	expect(err == nil, "validate the store", err)
	reader, err := provider.NewClient(ctx, &store, cluster{secret: secret}, "shop")
	expect(err == nil, "make a client", err)
	state, err := reader.Validate()
	expect(err == nil && state == esv1.ValidationResultReady, "reach the server", err)

	stored := map[string]string{
		"password":     "first line\nsecond \"line\" \u00e4\U0001f511\n",
		"keystore.p12": base64.StdEncoding.EncodeToString([]byte{0, 1, 2, 250, 251, 252}),
		"token":        "of the list Web",
	}
	expect(len(wanted.Spec.Data) == len(stored), "want as much as is stored")
	for _, entry := range wanted.Spec.Data {
		value, err := reader.GetSecret(ctx, entry.RemoteRef)
		expect(err == nil && string(value) == stored[entry.SecretKey], entry.SecretKey, err, string(value))
	}

	fields, err := reader.GetSecretMap(ctx, esv1.ExternalSecretDataRemoteRef{Key: "shop-json"})
	expect(err == nil && string(fields["user"]) == "shop" && string(fields["password"]) == "p\"w", "take JSON apart", err)

	_, err = reader.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "shop-missing"})
	expect(errors.Is(err, esv1.NoSecretErr), "know that a secret is not there", err)
	_, err = reader.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "../default"})
	expect(err != nil, "not be led elsewhere by a name")

	secret.Data["apiKey"] = []byte("sr_" + strings.Repeat("0", 49))
	stranger, err := provider.NewClient(ctx, &store, cluster{secret: secret}, "shop")
	expect(err == nil, "make a client with another key", err)
	_, err = stranger.GetSecret(ctx, wanted.Spec.Data[0].RemoteRef)
	expect(err != nil && !errors.Is(err, esv1.NoSecretErr) && strings.Contains(err.Error(), "401"), "be refused", err)
}
