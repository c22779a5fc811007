// A secret from its making to its end, and the ways to log in, through the Go module of HashiCorp's Vault, or of OpenBao, as it does it with its own server.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	vault "github.com/hashicorp/vault/api"
)

var ctx = context.Background()

func expect(holds bool, what string, details ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, "failed:", what, details)
		os.Exit(1)
	}
}

func statusOf(err error) int {
	var answer *vault.ResponseError
	if errors.As(err, &answer) {
		return answer.StatusCode
	}
	return 0
}

type data = map[string]any

func client(token string) *vault.Client {
	config := vault.DefaultConfig()
	config.MaxRetries = 0
	made, err := vault.NewClient(config)
	expect(err == nil, "make a client of the environment's address", err)
	made.SetToken(token)
	return made
}

func main() {
	api := client(os.Getenv("VAULT_TOKEN"))
	health, err := api.Sys().Health()
	expect(err == nil && health.Initialized && !health.Sealed && !health.Standby, "be well", err)
	seal, err := api.Sys().SealStatus()
	expect(err == nil && !seal.Sealed, "not be sealed", err)
	mounts, err := api.Sys().ListMounts()
	expect(err == nil && mounts["secret/"] != nil && mounts["secret/"].Options["version"] == "2", "know the mount", err, mounts)
	able, err := api.Sys().CapabilitiesSelf("secret/data/life/go")
	expect(err == nil && reflect.DeepEqual(able, []string{"create", "delete", "read", "update"}), "know what may be done", err, able)

	life(api.KVv2("secret"))
	lists(api)
	wrapped(api)
	for _, method := range []string{"approle", "jwt", "kubernetes"} {
		loggedIn(method)
	}
	refusals(api)
	fmt.Println("Went well")
}

func life(kv *vault.KVv2) {
	made, err := kv.Put(ctx, "life/go", data{"user": "u", "port": 5432}, vault.WithCheckAndSet(0))
	expect(err == nil && made.VersionMetadata.Version == 1, "make", err)
	_, err = kv.Put(ctx, "life/go", data{"user": "v"}, vault.WithCheckAndSet(0))
	expect(statusOf(err) == 400 && strings.Contains(err.Error(), "check-and-set parameter did not match"), "refuse a second one", err)
	_, err = kv.Patch(ctx, "life/go", data{"password": "p", "deep": data{"a": []any{"b", nil}}})
	expect(err == nil, "patch", err)
	_, err = kv.Patch(ctx, "life/go", data{"user": "w"}, vault.WithMergeMethod(vault.KVMergeMethodReadWrite))
	expect(err == nil, "patch by reading and writing", err)
	read, err := kv.Get(ctx, "life/go")
	all := data{"user": "w", "port": json.Number("5432"), "password": "p", "deep": data{"a": []any{"b", nil}}}
	expect(err == nil && reflect.DeepEqual(read.Data, all) && read.VersionMetadata.Version == 3, "read", err)
	first, err := kv.GetVersion(ctx, "life/go", 1)
	expect(err == nil && reflect.DeepEqual(first.Data, data{"user": "u", "port": json.Number("5432")}), "read the first version", err)
	_, err = kv.Rollback(ctx, "life/go", 1)
	expect(err == nil, "roll back", err)
	versions, err := kv.GetVersionsAsList(ctx, "life/go")
	expect(err == nil && len(versions) == 4 && versions[3].Version == 4 && !versions[3].CreatedTime.IsZero(), "list versions", err)

	custom := data{"description": "of a life", "tags": "a,b"}
	expect(kv.PutMetadata(ctx, "life/go", vault.KVMetadataPutInput{CustomMetadata: custom}) == nil, "put metadata")
	expect(kv.PatchMetadata(ctx, "life/go", vault.KVMetadataPatchInput{CustomMetadata: data{"tags": nil}}) == nil, "patch metadata")
	known, err := kv.GetMetadata(ctx, "life/go")
	expect(err == nil && known.CurrentVersion == 4 && reflect.DeepEqual(known.CustomMetadata, data{"description": "of a life"}), "read metadata", err)

	expect(kv.Destroy(ctx, "life/go", []int{2}) == nil, "destroy one version among others")
	gone, err := kv.GetVersion(ctx, "life/go", 2)
	expect(err == nil && gone.Data == nil && gone.VersionMetadata.Destroyed, "know that a version is destroyed", err)
	older, err := kv.GetVersion(ctx, "life/go", 1)
	expect(err == nil && len(older.Data) > 0, "read the one before it", err)

	expect(kv.Delete(ctx, "life/go") == nil, "delete")
	deleted, err := kv.Get(ctx, "life/go")
	isGone := errors.Is(err, vault.ErrSecretNotFound) || err == nil && deleted.Data == nil
	expect(isGone, "know that it is deleted", err)
	expect(kv.Undelete(ctx, "life/go", []int{4}) == nil, "undelete")
	again, err := kv.Get(ctx, "life/go")
	expect(err == nil && again.Data["user"] == "u", "read what was deleted", err)
	expect(kv.DeleteVersions(ctx, "life/go", []int{again.VersionMetadata.Version}) == nil, "delete by versions")
	expect(kv.Destroy(ctx, "life/go", []int{4}) == nil, "destroy what was deleted")
	expect(kv.Undelete(ctx, "life/go", []int{4}) != nil, "not restore what is destroyed")
	_, err = kv.Put(ctx, "life/go", data{"user": "u"})
	expect(err == nil, "make it anew", err)
	expect(kv.DeleteMetadata(ctx, "life/go") == nil, "delete all of it")
	_, err = kv.Get(ctx, "life/go")
	expect(errors.Is(err, vault.ErrSecretNotFound), "know that all of it is gone", err)
}

func lists(api *vault.Client) {
	kv := api.KVv2("secret")
	for _, name := range []string{"lists/b", "lists/a/one", "lists/a/two"} {
		_, err := kv.Put(ctx, name, data{"v": "1"})
		expect(err == nil, "make "+name, err)
	}
	folder, err := api.Logical().List("secret/metadata/lists")
	expect(err == nil && reflect.DeepEqual(folder.Data["keys"], []any{"a/", "b"}), "list a folder", err)
	nothing, err := api.Logical().List("secret/metadata/none")
	expect(err == nil && nothing == nil, "list a folder that is not there", err)
}

func wrapped(api *vault.Client) {
	asking := client(api.Token())
	asking.SetWrappingLookupFunc(func(operation, path string) string { return "60s" })
	wrapped, err := asking.Logical().Read("secret/data/lists/b")
	expect(err == nil && wrapped.WrapInfo != nil && wrapped.WrapInfo.TTL == 60 && wrapped.Data == nil, "wrap an answer", err)
	token := wrapped.WrapInfo.Token
	opened, err := client("").Logical().Unwrap(token)
	expect(err == nil && reflect.DeepEqual(opened.Data["data"], data{"v": "1"}), "unwrap it", err)
	_, err = client("").Logical().Unwrap(token)
	expect(statusOf(err) == 400, "unwrap it once", err)
}

func loggedIn(method string) {
	login := logIn(client(""), method)
	auth := login.Auth
	expect(auth != nil && auth.ClientToken != "" && !auth.Renewable && len(auth.Policies) > 0, "log in with "+method, login)
	own := client(auth.ClientToken)
	looked, err := own.Auth().Token().LookupSelf()
	expect(err == nil, "look the token up", err)
	ttl, err := looked.TokenTTL()
	expect(err == nil && (ttl > 0) == (auth.LeaseDuration > 0), "know how long it lives", err, ttl)
	_, err = own.KVv2("secret").Get(ctx, "lists/b")
	expect(err == nil, "read what the role may read", err)
	_, err = own.KVv2("secret").Put(ctx, "lists/b", data{"v": "2"})
	expect(statusOf(err) == 403, "not write what the role may not write", err)
	_, err = own.Auth().Token().RenewSelf(60)
	expect(statusOf(err) == 400, "not renew", err)
	_, err = own.NewLifetimeWatcher(&vault.LifetimeWatcherInput{Secret: login})
	expect(errors.Is(err, vault.ErrLifetimeWatcherNotRenewable) || err == nil, "be watched", err)
	expect(own.Auth().Token().RevokeSelf("") == nil, "revoke")
	_, err = own.Auth().Token().LookupSelf()
	expect(statusOf(err) == 403, "be nothing then", err)
}

func refusals(api *vault.Client) {
	_, err := client("sr_none").KVv2("secret").Get(ctx, "lists/b")
	expect(statusOf(err) == 403 && strings.Contains(err.Error(), "permission denied"), "refuse a stranger", err)
	_, err = api.Logical().Write("transit/encrypt/a", data{"plaintext": "YQ=="})
	expect(statusOf(err) == 404 && strings.Contains(err.Error(), "no handler for route"), "have no other engine", err)
	_, err = api.Logical().Write("auth/approle/login", data{"role_id": "1", "secret_id": "none"})
	expect(statusOf(err) == 400, "refuse a wrong secret id", err)
	api.SetNamespace("team")
	_, err = api.KVv2("secret").Get(ctx, "lists/b")
	expect(statusOf(err) == 404 || errors.Is(err, vault.ErrSecretNotFound), "have no namespaces", err)
}
