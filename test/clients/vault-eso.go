// The vault provider of the External Secrets Operator, with a store for each way that it logs in.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	esmeta "github.com/external-secrets/external-secrets/apis/meta/v1"
	"github.com/external-secrets/external-secrets/pkg/provider/vault"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A cluster that holds one secret, which is all that the provider asks for.
type cluster struct {
	client.Client
	secret corev1.Secret
}

func (c cluster) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	secret, isSecret := object.(*corev1.Secret)
	if !isSecret || key.Name != "logins" {
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

func at(key string) esmeta.SecretKeySelector {
	return esmeta.SecretKeySelector{Name: "logins", Key: key}
}

func main() {
	ctx := context.Background()
	pod, err := os.ReadFile("pod.token")
	expect(err == nil, "read the token of a pod", err)
	logins := cluster{secret: corev1.Secret{Data: map[string][]byte{
		"token": []byte(os.Getenv("VAULT_TOKEN")), "secret-id": []byte(os.Getenv("SECRET_ID")),
		"jwt": []byte(os.Getenv("JWT")), "pod": pod, "none": []byte("none"),
	}}}
	// Which no operator has, and which its client would take before it logs in.
	os.Unsetenv("VAULT_TOKEN")
	token, secretID, jwt, podToken, none := at("token"), at("secret-id"), at("jwt"), at("pod"), at("none")
	open := func(auth esv1.VaultAuth) (esv1.SecretsClient, error) {
		path := "secret"
		config := esv1.VaultProvider{Server: os.Getenv("VAULT_ADDR"), Path: &path, Version: esv1.VaultKVStoreV2, Auth: &auth}
		store := &esv1.SecretStore{Spec: esv1.SecretStoreSpec{Provider: &esv1.SecretStoreProvider{Vault: &config}}}
		store.Kind = esv1.SecretStoreKind
		provider := &vault.Provider{NewVaultClient: vault.NewVaultClient}
		_, err := provider.ValidateStore(store)
		expect(err == nil, "validate the store", err)
		return provider.NewClient(ctx, store, logins, "shop")
	}
	for name, auth := range map[string]esv1.VaultAuth{
		"a token":    {TokenSecretRef: &token},
		"AppRole":    {AppRole: &esv1.VaultAppRole{Path: "approle", RoleID: os.Getenv("ROLE_ID"), SecretRef: secretID}},
		"JWT":        {Jwt: &esv1.VaultJwtAuth{Path: "jwt", Role: "ci", SecretRef: &jwt}},
		"Kubernetes": {Kubernetes: &esv1.VaultKubernetesAuth{Path: "kubernetes", Role: "pod", SecretRef: &podToken}},
	} {
		reader, err := open(auth)
		expect(err == nil, "log in with "+name, err)
		state, err := reader.Validate()
		expect(err == nil && state == esv1.ValidationResultReady, "be ready with "+name, err, state)
		read(ctx, reader)
		if name != "a token" {
			expect(reader.Close(ctx) == nil, "close with "+name)
		}
	}
	stranger, err := open(esv1.VaultAuth{TokenSecretRef: &none})
	expect(err == nil, "make a client of no good token", err)
	_, err = stranger.Validate()
	expect(err != nil, "refuse a stranger")
	fmt.Println("Went well")
}

func read(ctx context.Context, reader esv1.SecretsClient) {
	value, err := reader.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "life/eso", Property: "user"})
	expect(err == nil && string(value) == "v", "read a field", err)
	value, err = reader.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "life/eso", Property: "deep.list.1", Version: "1"})
	expect(err == nil && string(value) == "2", "read a field within a field of an older version", err, string(value))
	fields, err := reader.GetSecretMap(ctx, esv1.ExternalSecretDataRemoteRef{Key: "life/eso"})
	expect(err == nil && reflect.DeepEqual(fields, map[string][]byte{"user": []byte("v"), "port": []byte("5432")}), "take it apart", err)
	known, err := reader.GetSecretMap(ctx, esv1.ExternalSecretDataRemoteRef{Key: "life/eso", MetadataPolicy: "Fetch"})
	expect(err == nil && string(known["description"]) == "of a life", "read metadata", err)
	folder := "life"
	found, err := reader.GetAllSecrets(ctx, esv1.ExternalSecretFind{Path: &folder, Name: &esv1.FindName{RegExp: "es[a-o]$"}})
	expect(err == nil && len(found) == 1, "find by name", err, found)
	found, err = reader.GetAllSecrets(ctx, esv1.ExternalSecretFind{Tags: map[string]string{"description": "of a life"}})
	expect(err == nil && len(found) == 1, "find by metadata", err, found)
	_, err = reader.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "life/none"})
	expect(errors.Is(err, esv1.NoSecretErr), "know that a secret is not there", err)
}
