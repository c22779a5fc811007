package main

import (
	"os"

	vault "github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"
	"github.com/hashicorp/vault/api/auth/kubernetes"
)

// As a program logs in that uses HashiCorp's modules for it; there is none for JWT.
func logIn(api *vault.Client, method string) *vault.Secret {
	login, err := tryLogIn(api, method)
	expect(err == nil, "log in with "+method, err)
	return login
}

func tryLogIn(api *vault.Client, method string) (*vault.Secret, error) {
	switch method {
	case "approle":
		auth, err := approle.NewAppRoleAuth(os.Getenv("ROLE_ID"), &approle.SecretID{FromEnv: "SECRET_ID"})
		expect(err == nil, "take a role id", err)
		return api.Auth().Login(ctx, auth)
	case "kubernetes":
		auth, err := kubernetes.NewKubernetesAuth("pod", kubernetes.WithServiceAccountTokenPath("pod.token"))
		expect(err == nil, "take a token of a service account", err)
		return api.Auth().Login(ctx, auth)
	}
	return api.Logical().Write("auth/jwt/login", data{"role": "ci", "jwt": os.Getenv("JWT")})
}
