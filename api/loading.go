package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
)

// Loading answers while the index and the model are being opened: the process is alive, and nothing else is there yet.
// Who balances load or waits for the start learns that at once, and not from a connection that nobody answers.
func Loading() http.Handler {
	s := &server{}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(secureHeaders)
	get(r, "/healthz", s.health)
	r.NoRoute(func(c *gin.Context) {
		c.Header("Retry-After", "1")
		writeProblem(c, problemOf(sightline.Errorf(sightline.CodeUnavailable, "the index and the model are being loaded").
			WithHint("ask again in a moment; GET /readyz tells when")))
	})
	return r
}
