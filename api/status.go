package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
)

// statsAnswer is GET /v1/stats.
type statsAnswer struct {
	Version  string     `json:"version"`
	Images   int        `json:"images"`
	Files    int        `json:"files"`
	BadFiles int        `json:"bad_files"`
	Bytes    int64      `json:"bytes"` // on disk
	Model    modelFacts `json:"model"`
	Cache    cacheFacts `json:"cache"`
}

type modelFacts struct {
	Name               string                `json:"name"`
	Version            string                `json:"version"`
	Labels             int                   `json:"labels"`
	FreeText           bool                  `json:"free_text"` // false: the model knows its labels only
	FeatureFingerprint sightline.Fingerprint `json:"feature_fingerprint"`
	ScoringFingerprint sightline.Fingerprint `json:"scoring_fingerprint"`
}

type cacheFacts struct {
	Hits    uint64 `json:"hits"`
	Misses  uint64 `json:"misses"`
	Entries int    `json:"entries"`
	Bytes   int64  `json:"bytes"`
}

func (s *server) stats(c *gin.Context) error {
	st, err := s.Index.Stats(c.Request.Context())
	if err != nil {
		return err
	}
	return writeJSON(c, statsAnswer{
		Version: s.Version, Images: st.Store.Images, Files: st.Store.Files, BadFiles: st.Store.BadFiles, Bytes: st.Store.Bytes,
		Model: modelFacts{
			Name: st.Model.Name, Version: st.Model.Version, Labels: st.Model.LabelCount, FreeText: st.Model.Text != nil,
			FeatureFingerprint: st.Model.FeatureFingerprint, ScoringFingerprint: st.Model.ScoringFingerprint,
		},
		Cache: cacheFacts{st.Cache.Hits, st.Cache.Misses, st.Cache.Entries, st.Cache.Bytes},
	})
}

// health says that the process answers, nothing more.
func (s *server) health(c *gin.Context) {
	c.Data(http.StatusOK, "application/json", []byte(`{"status":"alive"}`+"\n"))
}

// ready says that searches can be answered: the store answers and what it holds was made with the loaded model.
func (s *server) ready(c *gin.Context) error {
	st, err := s.Index.Stats(c.Request.Context())
	if err != nil {
		return sightline.Errorf(sightline.CodeUnavailable, "the store does not answer: %w", err)
	}
	stored := st.Store.Model
	if st.Store.Images > 0 && (stored.Feature != st.Model.FeatureFingerprint || stored.Scoring != st.Model.ScoringFingerprint) {
		return sightline.Errorf(sightline.CodeIndexMismatch, "the index was made with the model %q, %s %s is loaded",
			stored.Name, st.Model.Name, st.Model.Version).WithHint("run sightline index or sightline reindex with this model, or restart with the other one (--bundle)")
	}
	return writeJSON(c, map[string]string{"status": "ready"})
}
