// The key/value engine of Vault itself, served as its server does. Everything is imported from it, and both give out the same then; with
// `corpus`, the program that holds the answers of the Vault API against it is run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/sdk/helper/jsonutil"
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

func (m mount) handle(request *logical.Request) (*logical.Response, error) {
	response, err := m.backend.HandleRequest(context.Background(), request)
	if err != nil && strings.Contains(err.Error(), "Upgrading") {
		time.Sleep(50 * time.Millisecond)
		return m.handle(request)
	}
	return response, err
}

func (m mount) ask(operation logical.Operation, path string, data object) (int, object) {
	status, text := m.answer(m.request(operation, path, data))
	var body object
	expect(text == "" || json.Unmarshal([]byte(text), &body) == nil, "answer in JSON")
	return status, body
}

func (m mount) request(operation logical.Operation, path string, data object) *logical.Request {
	return &logical.Request{ID: "of-this-request", Operation: operation, Path: path, Data: data, Storage: m.storage, MountPoint: m.name + "/"}
}

// As its server does around the engine: `http/logical.go` and `vault/request_handling.go` of Vault 1.21.
func (m mount) answer(request *logical.Request) (int, string) {
	if request.Operation == logical.UpdateOperation {
		checks, exists, err := m.backend.HandleExistenceCheck(context.Background(), request)
		if err != nil && !errors.Is(err, logical.ErrUnsupportedPath) {
			return refusal(http.StatusBadRequest, err)
		}
		if checks && !exists {
			request.Operation = logical.CreateOperation
		}
	}
	response, err := m.handle(request)
	if err != nil {
		err = multierror.Append(nil, err)
	}
	status, failure := logical.RespondErrorCommon(request, response, err)
	if failure != nil || status != 0 {
		return refusal(status, failure)
	}
	if response == nil {
		return http.StatusNoContent, ""
	}
	if status, isRaw := response.Data[logical.HTTPStatusCode].(int); isRaw {
		text, _ := response.Data[logical.HTTPRawBody].(string)
		return status, text
	}
	answer := logical.LogicalResponseToHTTPResponse(response)
	answer.RequestID = request.ID
	text, err := json.Marshal(answer)
	expect(err == nil, "answer in JSON", err)
	return http.StatusOK, string(text)
}

func refusal(status int, failure error) (int, string) {
	said := []string{}
	if failure != nil {
		said = append(said, failure.Error())
	}
	text, _ := json.Marshal(object{"errors": said})
	return status, string(text)
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

// What a request asks of the engine; or the status and the reason for which its server asks nothing of it.
func read(r *http.Request, path string) (logical.Operation, string, object, int, error) {
	slashed := path
	// That of the mount is none of the engine's.
	if path != "" && !strings.HasSuffix(path, "/") {
		slashed += "/"
	}
	query := r.URL.Query()
	switch r.Method {
	case "GET":
		if text := query.Get("list"); text != "" {
			isList, err := strconv.ParseBool(text)
			query.Del("list")
			if err != nil {
				return "", "", nil, http.StatusBadRequest, nil
			}
			if isList {
				return logical.ListOperation, slashed, fields(query), 0, nil
			}
		}
		return logical.ReadOperation, path, fields(query), 0, nil
	case "LIST":
		return logical.ListOperation, slashed, fields(query), 0, nil
	case "DELETE":
		return logical.DeleteOperation, path, fields(query), 0, nil
	}
	operation := logical.Operation(logical.UpdateOperation)
	if r.Method == "PATCH" {
		operation = logical.PatchOperation
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil {
			return "", "", nil, http.StatusBadRequest, err
		}
		if kind != "application/merge-patch+json" {
			return "", "", nil, http.StatusUnsupportedMediaType, errors.New("PATCH requires Content-Type of application/merge-patch+json, provided " + kind)
		}
	}
	var data object
	if err := jsonutil.DecodeJSONFromReader(r.Body, &data); err != nil && err != io.EOF {
		return "", "", nil, http.StatusBadRequest, fmt.Errorf("error parsing JSON: failed to parse JSON input: %w", err)
	}
	if strings.HasSuffix(path, "/") {
		return "", "", nil, http.StatusBadRequest, errors.New("cannot write to a path ending in '/'")
	}
	return operation, path, data, 0, nil
}

func fields(query url.Values) object {
	data := object{}
	for name, values := range query {
		data[name] = values[0]
	}
	return data
}

func serve(mounts ...mount) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		status, text := refusal(http.StatusForbidden, errors.New("permission denied"))
		path := strings.TrimPrefix(r.URL.Path, "/v1/")
		for _, m := range mounts {
			if r.Header.Get("X-Vault-Token") != "root" {
				break
			}
			if path == "sys/internal/ui/mounts/"+m.name {
				options := object{"version": m.version}
				known, _ := json.Marshal(object{"data": object{"type": "kv", "options": options, "path": m.name + "/"}})
				status, text = http.StatusOK, string(known)
			} else if rest, isBelow := strings.CutPrefix(path, m.name+"/"); isBelow {
				operation, rest, data, refused, failure := read(r, rest)
				if refused != 0 {
					status, text = refusal(refused, failure)
				} else {
					// Whoever compares is told what comes from the engine, and what from the server as it is written here.
					w.Header().Set("X-Of-Engine", "yes")
					status, text = m.answer(m.request(operation, rest, data))
				}
			}
		}
		w.WriteHeader(status)
		io.WriteString(w, text)
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

func holdCorpus() {
	there := serve(open("secret", "2"))
	defer there.Close()
	command := exec.Command(os.Getenv("NODE"), os.Getenv("CORPUS"), there.URL)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	expect(command.Run() == nil, "answer as the corpus says")
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "corpus" {
		holdCorpus()
		return
	}
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
