package function

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
)

// Run by: go test
func TestGreets(t *testing.T) {
	for _, row := range []struct{ target, body, message string }{
		{"/", `{"name":"Ada"}`, "Hello, Ada!"},
		{"/?name=Bob", "", "Hello, Bob!"},
		{"/", "", "Hello, world!"},
	} {
		answer := httptest.NewRecorder()
		Handle(context.Background(), answer, httptest.NewRequest("POST", row.target, strings.NewReader(row.body)))
		if want := `{"message":"` + row.message + `"}` + "\n"; answer.Body.String() != want {
			t.Errorf("%s %s: %q, not %q", row.target, row.body, answer.Body, want)
		}
	}
}

func TestRefusesWhatIsNoJSON(t *testing.T) {
	answer := httptest.NewRecorder()
	Handle(context.Background(), answer, httptest.NewRequest("POST", "/", strings.NewReader("{")))
	if answer.Code != 400 {
		t.Errorf("status %d, not 400", answer.Code)
	}
}
