// A list and its values from their making to their end, through the module github.com/netactuate/gona.
package main

import (
	"fmt"
	"os"

	"github.com/netactuate/gona/gona"
)

func expect(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, "failed:", what)
		os.Exit(1)
	}
}

func main() {
	api := gona.NewClientCustom(os.Getenv("NETACTUATE_API_KEY"), os.Getenv("BASE_URL"))
	text := "100% + a=b&c;d \u00e4\U0001f511\r\n\t '\"\\ "

	list, err := api.CreateSecretList("prod")
	expect(err == nil && list.ID > 0 && list.Name == "prod", "create a list")
	lists, err := api.GetSecretLists()
	expect(err == nil && len(lists) == 1 && lists[0].ID == list.ID, "list the lists")
	_, err = api.CreateSecretList("prod")
	expect(err != nil, "refuse a second list of the name")
	list, err = api.UpdateSecretList(list.ID, "prod-2")
	expect(err == nil && list.Name == "prod-2", "rename the list")

	one, err := api.CreateSecretListValue(list.ID, "DB_PASSWORD", text)
	expect(err == nil && one.ID > 0 && one.SecretListID == list.ID && one.SecretValue == text, "create a value")
	read, err := api.GetSecretListValue(list.ID, one.ID)
	expect(err == nil && read == one, "read the value as it was made")
	_, err = api.CreateSecretListValue(list.ID, "DB_PASSWORD", "x")
	expect(err != nil, "refuse a second value of the key")
	changed, err := api.UpdateSecretListValue(list.ID, one.ID, "DB_PASSWORD_2", "w")
	expect(err == nil && changed.ID == one.ID && changed.SecretKey == "DB_PASSWORD_2", "update in place")
	values, err := api.GetSecretListValues(list.ID)
	expect(err == nil && len(values) == 1 && values[0] == changed, "list the values")

	expect(api.DeleteSecretListValue(list.ID, one.ID) == nil, "delete the value")
	_, err = api.GetSecretListValue(list.ID, one.ID)
	expect(err != nil, "know that the value is gone")
	expect(api.DeleteSecretList(list.ID) == nil, "delete the list")
	_, err = api.GetSecretList(list.ID)
	expect(err != nil, "know that the list is gone")
	lists, err = api.GetSecretLists()
	expect(err == nil && len(lists) == 0, "list nothing in the end")
}
