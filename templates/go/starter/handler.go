// Package function is what Hearth compiles and serves: its Handle answers each call.
package function

import (
	"context"
	"encoding/json"
	"net/http"

	"hearth"
)

// Handle greets whoever the JSON body or the query names.
func Handle(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	given := struct{ Name string }{Name: r.URL.Query().Get("name")}
	if r.ContentLength != 0 {
		if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
			http.Error(w, "the body is no JSON: "+err.Error(), http.StatusBadRequest)
			return
		}
	}
	if given.Name == "" {
		given.Name = "world"
	}
	hearth.Logger(ctx).Printf("greeting %s", given.Name)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"message": "Hello, " + given.Name + "!"})
}
