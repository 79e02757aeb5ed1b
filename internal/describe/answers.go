package describe

import (
	"context"
	"fmt"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// answers asks until a prompt has as many usable answers as wanted. What cannot be used is asked for again, in at most
// Retries more rounds; then the last of it is the reason.
func (c *Client) answers(ctx context.Context, prompt string) ([]string, error) {
	wanted := c.settings.Answers
	var usable []string
	var why error
	for range c.limits.Retries + 1 {
		raw, err := c.gather(ctx, prompt, wanted-len(usable))
		if err != nil {
			return nil, err
		}
		for _, answer := range raw {
			text, err := clean(answer)
			if err != nil {
				why = err
				continue
			}
			usable = append(usable, text)
		}
		if len(usable) < wanted {
			continue
		}
		different := distinct(usable)
		if 2*len(different) >= wanted {
			return usable, nil
		}
		usable, why = different, fmt.Errorf("it repeats itself: %s", descriptions.Cut(different[0]))
	}
	return nil, sightline.Errorf(sightline.CodeUnavailable, "the endpoint %s gives only %d of %d answers that can be used; the last that cannot: %w", c.address.Host, len(usable), wanted, why)
}

// gather makes as many requests as the endpoint needs for n answers: many give one at a time, whatever they are asked.
func (c *Client) gather(ctx context.Context, prompt string, n int) (answers []answer, _ error) {
	for len(answers) < n {
		more, err := c.choices(ctx, prompt, n-len(answers))
		if err != nil {
			return nil, err
		}
		answers = append(answers, more...)
	}
	return answers, nil
}

// distinct gives the first of each, case ignored. Language models repeat themselves now and then; one that hardly does
// anything else has its temperature fixed, or is no language model.
func distinct(answers []string) (different []string) {
	seen := map[string]bool{}
	for _, answer := range answers {
		if key := descriptions.Fold(answer); !seen[key] {
			seen[key] = true
			different = append(different, answer)
		}
	}
	return different
}
