// Sends what it is told, and says the status of each answer.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type upload struct {
	URL       string
	Method    string
	Headers   map[string]string
	Size      int
	IsChunked bool
}

func send(one upload) []any {
	body := bytes.NewReader(bytes.Repeat([]byte("x"), one.Size))
	var reader io.Reader = body
	if one.IsChunked {
		// Of a length that nobody knows.
		reader = io.MultiReader(body)
	}
	request, err := http.NewRequest(one.Method, one.URL, reader)
	if err != nil {
		return []any{err.Error(), false}
	}
	for name, value := range one.Headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return []any{err.Error(), false}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return []any{err.Error(), false}
	}
	return []any{answer.StatusCode, len(text) > 0}
}

func main() {
	var uploads []upload
	if err := json.NewDecoder(os.Stdin).Decode(&uploads); err != nil {
		panic(err)
	}
	statuses := [][]any{}
	for _, one := range uploads {
		statuses = append(statuses, send(one))
	}
	if err := json.NewEncoder(os.Stdout).Encode(statuses); err != nil {
		panic(err)
	}
}
