package describe

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// maxResponse is far above a hundred answers of some hundred tokens.
const maxResponse = 1 << 20

type question struct {
	Model       string    `json:"model"`
	Messages    []message `json:"messages"`
	N           int       `json:"n,omitempty"` // absent for one: some servers know no such field
	Temperature float64   `json:"temperature"`
	MaxTokens   int       `json:"max_tokens"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type reply struct {
	Choices []struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
}

// answer is a text as it came.
type answer struct {
	text string
	torn bool // at the most tokens, mostly in the middle of a sentence
}

// request asks once for n answers. There is at least one when it gives no error.
func (c *Client) request(ctx context.Context, prompt string, n int) ([]answer, *requestError) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Timeout)
	defer cancel()
	response, err := c.post(ctx, prompt, n)
	if err != nil {
		return nil, c.unreached(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	switch {
	case err != nil:
		return nil, c.unreached(err)
	case response.StatusCode != http.StatusOK:
		return nil, c.refused(response, body)
	case len(body) > maxResponse:
		return nil, unusable(false, "the endpoint %s answers with more than %d MiB, beginning with %s", c.address.Host, maxResponse>>20, c.shown(string(body)))
	}
	return c.read(body)
}

func (c *Client) post(ctx context.Context, prompt string, n int) (*http.Response, error) {
	q := question{
		Model: c.settings.Model, Messages: []message{{Role: "user", Content: prompt}},
		Temperature: c.settings.Temperature, MaxTokens: c.settings.MaxTokens,
	}
	if n > 1 {
		q.N = n
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	c.requests.Add(1)
	return c.http.Do(request)
}

func (c *Client) read(body []byte) (answers []answer, _ *requestError) {
	var r reply
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, unusable(true, "the endpoint %s does not answer in the form of a chat completion: %w; it sent %s", c.address.Host, err, c.shown(string(body)))
	}
	if len(r.Choices) == 0 {
		return nil, unusable(true, "the endpoint %s answers without choices; it sent %s", c.address.Host, c.shown(string(body)))
	}
	for _, choice := range r.Choices {
		answers = append(answers, answer{choice.Message.Content, choice.FinishReason == "length"})
	}
	return answers, nil
}
