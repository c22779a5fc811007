// The key/value engine of Vault itself, served as its server does, from which everything is imported: both give out the same then.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"time"

	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/sdk/logical"
)

type object = map[string]any

func expect(holds bool, what string, details ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, "failed:", what, details)
		os.Exit(1)
	}
}

// A mount of the engine.
type mount struct {
	name    string
	version string
	backend logical.Backend
	storage logical.Storage
}

func open(name, version string) mount {
	config := logical.TestBackendConfig()
	config.StorageView = &logical.InmemStorage{}
	config.Config = map[string]string{"version": version}
	config.BackendUUID = "1b5f2a0e"
	backend, err := kv.Factory(context.Background(), config)
	expect(err == nil, "open the engine", err)
	expect(backend.Initialize(context.Background(), &logical.InitializationRequest{Storage: config.StorageView}) == nil, "initialize it")
	return mount{name, version, backend, config.StorageView}
}

func (m mount) ask(operation logical.Operation, path string, data object) (int, object) {
	request := &logical.Request{Operation: operation, Path: path, Data: data, Storage: m.storage, MountPoint: m.name + "/"}
	response, err := m.backend.HandleRequest(context.Background(), request)
	if err != nil && strings.Contains(err.Error(), "Upgrading") {
		time.Sleep(50 * time.Millisecond)
		return m.ask(operation, path, data)
	}
	// As its server decides of the status.
	status, failure := logical.RespondErrorCommon(request, response, err)
	if failure != nil {
		return status, object{"errors": []string{failure.Error()}}
	}
	if status != 0 {
		return status, object{"errors": []string{}}
	}
	if response == nil {
		return http.StatusNoContent, nil
	}
	if raw, isRaw := response.Data[logical.HTTPRawBody]; isRaw {
		var body object
		expect(json.Unmarshal([]byte(fmt.Sprintf("%s", raw)), &body) == nil, "answer in JSON")
		return response.Data[logical.HTTPStatusCode].(int), body
	}
	text, err := json.Marshal(logical.LogicalResponseToHTTPResponse(response))
	var body object
	expect(err == nil && json.Unmarshal(text, &body) == nil, "answer in JSON", err)
	return http.StatusOK, body
}

func (m mount) put(path, data string, metadata object) {
	var map_ object
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.UseNumber()
	expect(decoder.Decode(&map_) == nil, "have JSON")
	if m.version == "1" {
		status, answer := m.ask(logical.UpdateOperation, path, map_)
		expect(status == 204, "store "+path, status, answer)
		return
	}
	status, answer := m.ask(logical.CreateOperation, "data/"+path, object{"data": map_})
	expect(status == 200, "store "+path, status, answer)
	if metadata != nil {
		status, answer = m.ask(logical.CreateOperation, "metadata/"+path, object{"custom_metadata": metadata})
		expect(status < 300, "describe "+path, status, answer)
	}
}

func serve(mounts ...mount) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		status, body := http.StatusForbidden, object{"errors": []string{"permission denied"}}
		path := strings.TrimPrefix(r.URL.Path, "/v1/")
		for _, m := range mounts {
			if r.Header.Get("X-Vault-Token") != "root" {
				break
			}
			if path == "sys/internal/ui/mounts/"+m.name {
				options := object{"version": m.version}
				status, body = 200, object{"data": object{"type": "kv", "options": options, "path": m.name + "/"}}
			} else if rest, isBelow := strings.CutPrefix(path, m.name+"/"); isBelow {
				data, operation := object{}, logical.Operation(logical.ReadOperation)
				if r.URL.Query().Get("list") == "true" {
					operation = logical.ListOperation
				}
				if version := r.URL.Query().Get("version"); version != "" {
					data["version"] = version
				}
				status, body = m.ask(operation, rest, data)
			}
		}
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}))
}

func imported(addr string, words ...string) object {
	all := append([]string{os.Getenv("STRONGROOM"), "import", "vault", "--addr", addr, "--yes", "--json"}, words...)
	command := exec.Command(os.Getenv("NODE"), all...)
	command.Env = append(os.Environ(), "STRONGROOM_URL="+os.Getenv("VAULT_ADDR"), "STRONGROOM_API_KEY="+os.Getenv("VAULT_TOKEN"), "VAULT_TOKEN=root")
	command.Stderr = os.Stderr
	text, err := command.Output()
	var told object
	expect(err == nil && json.Unmarshal(text, &told) == nil, "import", err, string(text))
	return told
}

// What a server gives out of a version: its data, and the custom metadata.
func given(addr, token, path string) (int, any) {
	request, _ := http.NewRequest("GET", addr+"/v1/"+path, nil)
	request.Header.Set("X-Vault-Token", token)
	response, err := http.DefaultClient.Do(request)
	expect(err == nil, "be answered", err)
	defer response.Body.Close()
	var body struct {
		Data struct {
			Data     any
			Metadata struct {
				Custom any `json:"custom_metadata"`
			}
		}
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	decoder.Decode(&body)
	return response.StatusCode, []any{body.Data.Data, body.Data.Metadata.Custom}
}

func main() {
	engine, old := open("engine", "2"), open("old", "1")
	engine.put("app/db", `{"user":"u","port":5432,"deep":{"list":[1,null,{"a":true}]}}`, object{"description": "of the shop", "tags": "a,b"})
	for _, user := range []string{"v", "w", "x"} {
		engine.put("app/db", `{"user":"`+user+`"}`, nil)
	}
	engine.put("plain", `{"value":"text"}`, nil)
	engine.put("gone", `{"value":"text"}`, nil)
	old.put("key", `{"value":"of version 1"}`, nil)
	for _, change := range []struct {
		operation logical.Operation
		path      string
		data      object
	}{
		{logical.UpdateOperation, "delete/app/db", object{"versions": []int{2}}},
		{logical.UpdateOperation, "destroy/app/db", object{"versions": []int{3}}},
		{logical.DeleteOperation, "data/gone", nil},
	} {
		status, answer := engine.ask(change.operation, change.path, change.data)
		expect(status == 204, change.path, status, answer)
	}
	there := serve(engine, old)
	defer there.Close()

	told := imported(there.URL, "--mount", "engine")
	expect(reflect.DeepEqual(told["new"], []any{"plain", "app/db"}) && told["versions_stored"] == 3.0, "bring all of it over", told)
	expect(reflect.DeepEqual(told["deleted"], []any{"gone"}), "leave what is deleted", told)
	again := imported(there.URL, "--mount", "engine")
	expect(reflect.DeepEqual(again["same"], []any{"plain", "app/db"}), "store nothing twice", again)
	imported(there.URL, "--mount", "old", "--prefix", "old/")

	here, token := os.Getenv("VAULT_ADDR"), os.Getenv("VAULT_TOKEN")
	for _, pair := range [][2]string{{"app/db", "app/db"}, {"app/db?version=4", "app/db?version=2"}, {"app/db?version=1", "app/db?version=1"}, {"plain", "plain"}} {
		status, real := given(there.URL, "root", "engine/data/"+pair[0])
		ours, kept := given(here, token, "secret/data/"+pair[1])
		expect(status == 200 && ours == 200 && reflect.DeepEqual(real, kept), "give out the same at "+pair[0], real, kept)
	}
	_, kept := given(here, token, "secret/data/old/key")
	expect(reflect.DeepEqual(kept, []any{object{"value": "of version 1"}, nil}), "give out what was of version 1", kept)
	fmt.Println("Went well")
}
