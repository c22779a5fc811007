// A life of secrets by a client that oapi-codegen made of /openapi.json: it pages, and it locks.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"life/strongroom"
)

func expect(holds bool, what string, details ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, "failed:", what, details)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("API_KEY"))
		return nil
	}
	client, err := strongroom.NewClientWithResponses(os.Getenv("BASE_URL"), strongroom.WithRequestEditorFn(authorize))
	expect(err == nil, "a client", err)

	for _, name := range []string{"a", "b", "c", "d", "e"} {
		body := strongroom.NewSecret{Name: name, Value: "of " + name}
		made, err := client.CreateSecretWithResponse(ctx, &strongroom.CreateSecretParams{}, body)
		expect(err == nil && made.JSON201 != nil && made.JSON201.Name == name, "create", name, err)
	}

	var found []strongroom.SecretHead
	limit := strongroom.LimitParameter(2)
	query := strongroom.ListSecretsParams{Limit: &limit}
	for {
		page, err := client.ListSecretsWithResponse(ctx, &query)
		expect(err == nil && page.JSON200 != nil && len(page.JSON200.Secrets) <= 2, "a page", err)
		found = append(found, page.JSON200.Secrets...)
		cursor := page.HTTPResponse.Header.Get("Strongroom-Next-Cursor")
		if cursor == "" {
			break
		}
		query.Cursor = &cursor
	}
	names := ""
	for _, one := range found {
		names += one.Name
	}
	expect(names == "abcde", "every page", names)

	id := found[0].Id
	read, err := client.GetSecretWithResponse(ctx, id, &strongroom.GetSecretParams{})
	expect(err == nil && read.JSON200 != nil && read.JSON200.Value == "of a", "the value", err)
	expect(!read.JSON200.CreatedAt.IsZero(), "a time as such")
	etag := read.HTTPResponse.Header.Get("ETag")
	lock := strongroom.UpdateSecretParams{IfMatch: &etag}
	updated, err := client.UpdateSecretWithResponse(ctx, id, &lock, strongroom.NewValue{Value: "new"})
	expect(err == nil && updated.JSON200 != nil, "an update of what was read", err)
	late, err := client.UpdateSecretWithResponse(ctx, id, &lock, strongroom.NewValue{Value: "new"})
	expect(err == nil && late.StatusCode() == 412, "one of a version that is old", err)
	problem := late.ApplicationproblemJSON412
	expect(problem != nil && problem.Code == "stale_version", "the problem", problem)

	soon := time.Now()
	none, err := client.ListSecretsWithResponse(ctx, &strongroom.ListSecretsParams{ExpiresBefore: &soon})
	expect(err == nil && none.JSON200 != nil && len(none.JSON200.Secrets) == 0, "a time that Go writes", string(none.Body))
	fmt.Println("It went well.")
}
