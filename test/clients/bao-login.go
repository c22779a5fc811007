package main

import (
	"os"

	vault "github.com/hashicorp/vault/api"
)

// As a program logs in that uses no module for it.
func logIn(api *vault.Client, method string) *vault.Secret {
	token, _ := os.ReadFile("pod.token")
	fields := map[string]data{
		"approle":    {"role_id": os.Getenv("ROLE_ID"), "secret_id": os.Getenv("SECRET_ID")},
		"jwt":        {"role": "ci", "jwt": os.Getenv("JWT")},
		"kubernetes": {"role": "pod", "jwt": string(token)},
	}
	login, err := api.Logical().Write("auth/"+method+"/login", fields[method])
	expect(err == nil, "log in with "+method, err)
	return login
}
