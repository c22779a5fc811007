// Reads dotenv files as godotenv and Compose read them, and compares with what was to be read.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	compose "github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/joho/godotenv"
)

type one struct {
	Text     string
	Expected map[string]string
}

func main() {
	content, err := os.ReadFile("cases.json")
	if err != nil {
		panic(err)
	}
	var cases []one
	if err := json.Unmarshal(content, &cases); err != nil {
		panic(err)
	}
	wrong := 0
	check := func(reader string, each one, read map[string]string, err error) {
		if err == nil && reflect.DeepEqual(read, each.Expected) {
			return
		}
		wrong++
		fmt.Fprintf(os.Stderr, "%s reads %q as %q (%v), not %q\n", reader, each.Text, read, err, each.Expected)
	}
	for _, each := range cases {
		read, err := godotenv.Unmarshal(each.Text)
		check("godotenv", each, read, err)
		read, err = compose.ParseWithLookup(strings.NewReader(each.Text), nil)
		check("compose-go", each, read, err)
	}
	if wrong > 0 || len(cases) < 500 {
		os.Exit(1)
	}
	fmt.Println("The same")
}
