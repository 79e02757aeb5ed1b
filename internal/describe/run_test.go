package describe

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
	"github.com/sightline-search/sightline/internal/progress"
)

func newJob(t *testing.T, names ...string) Job {
	t.Helper()
	return Job{Names: names, Out: filepath.Join(t.TempDir(), "labels.json"), Progress: progress.Silent()}
}

func read(t *testing.T, path string) []descriptions.Label {
	t.Helper()
	labels, err := descriptions.Read(path)
	require.NoError(t, err)
	return labels
}

func namesOf(labels []descriptions.Label) (names []string) {
	for _, label := range labels {
		names = append(names, label.Name)
	}
	return names
}

// about behaves one way for prompts that name the label, and well for others.
func about(label string, bad behaviour) behaviour {
	return func(w http.ResponseWriter, r *http.Request, q question, nth int) {
		if strings.Contains(q.Messages[0].Content, " "+label) {
			bad(w, r, q, nth)
			return
		}
		good(w, r, q, nth)
	}
}

func TestAFileHasEveryLabelWithItsDescriptionsInOrder(t *testing.T) {
	e := serve(t, good)
	c, _ := e.client("s3cret")
	c.limits.Parallel = 4
	job := newJob(t, "zebra", "airplane", "red panda", "cat", "dog")
	report, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.Equal(t, Report{Labels: 5, Asked: 5, Requests: 25, Complete: true}, report)
	labels := read(t, job.Out)
	assert.Equal(t, job.Names, namesOf(labels))
	for _, label := range labels {
		require.Len(t, label.Descriptions, 51)
		assert.Equal(t, "a photo of a "+label.Name+".", label.Descriptions[0])
		for i, p := range Prompts(label.Name) {
			assert.Equal(t, 1, e.prompts()[p])
			requested := label.Descriptions[1+10*i : 11+10*i]
			last := requested[0][strings.LastIndex(requested[0], " "):]
			for k, text := range requested {
				assert.Equal(t, fmt.Sprintf("It is furry, number %d of request%s", k, last), text, "the answers to one prompt stand together")
			}
		}
	}
	assertNoJournal(t, job)
	raw, err := os.ReadFile(job.Out)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "s3cret")
}

func assertNoJournal(t *testing.T, job Job) {
	t.Helper()
	left, err := os.ReadDir(filepath.Dir(job.Out))
	require.NoError(t, err)
	for _, entry := range left {
		assert.Equal(t, filepath.Base(job.Out), entry.Name())
	}
}

func TestALabelThatFailsIsToldAndOnlyItIsAskedAgain(t *testing.T) {
	broken := true
	e := serve(t, func(w http.ResponseWriter, r *http.Request, q question, nth int) {
		if broken && strings.Contains(q.Messages[0].Content, "picture shows a cat") {
			always("I cannot help with that.")(w, r, q, nth)
			return
		}
		good(w, r, q, nth)
	})
	c, _ := e.client("")
	job := newJob(t, "dog", "cat", "red panda")
	report, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.False(t, report.Complete)
	require.Len(t, report.Failed, 1)
	f := report.Failed[0]
	assert.Equal(t, "cat", f.Label)
	assert.Equal(t, Prompts("cat")[1], f.Prompt)
	assert.Equal(t, sightline.CodeUnavailable, f.Code)
	assert.Contains(t, f.Reason, `a refusal: "I cannot help with that."`)
	assert.NoFileExists(t, job.Out)

	broken = false
	before := e.prompts()
	c, _ = e.client("")
	questions, err := Plan(c.settings, job)
	require.NoError(t, err)
	assert.Equal(t, []Question{{Label: "cat", Prompts: Prompts("cat")[1:]}}, questions, "a dry run tells what is missing")
	report, err = Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.Equal(t, Report{Labels: 3, Asked: 1, Requests: 4, Complete: true}, report)
	for p, times := range e.prompts() {
		if strings.Contains(p, " cat") && p != Prompts("cat")[0] {
			assert.Equal(t, 1, times-before[p])
		} else {
			assert.Equal(t, before[p], times, "asked once: %s", p)
		}
	}
	assert.Equal(t, job.Names, namesOf(read(t, job.Out)))
	assertNoJournal(t, job)
}

func TestAnInterruptedRunGoesOn(t *testing.T) {
	for _, at := range []int{1, 2, 7, 14} {
		ctx, interrupt := context.WithCancel(t.Context())
		e := serve(t, func(w http.ResponseWriter, r *http.Request, q question, nth int) {
			if nth == at {
				interrupt()
				hang(w, r, q, nth)
				return
			}
			good(w, r, q, nth)
		})
		c, _ := e.client("")
		job := newJob(t, "dog", "cat", "red panda")
		report, err := Run(ctx, c, job)
		require.ErrorIs(t, err, context.Canceled)
		assert.False(t, report.Complete)
		assert.NoFileExists(t, job.Out)
		assert.Equal(t, at > 1, Begun(job.Out), "a journal without answers does not stay")

		report, err = Run(t.Context(), c, job)
		require.NoError(t, err)
		assert.True(t, report.Complete)
		assert.Equal(t, 16, e.requests(), "only the prompt that was being asked is asked again")
		assert.Equal(t, job.Names, namesOf(read(t, job.Out)))
	}
}

func TestAnEndpointThatFailsThroughoutIsGivenUp(t *testing.T) {
	e := serve(t, text(500, "out of memory"))
	c, _ := e.client("")
	c.limits.Retries = 0
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("label %d", i))
	}
	job := newJob(t, names...)
	report, err := Run(t.Context(), c, job)
	require.ErrorContains(t, err, "stopped, because 10 labels in a row failed")
	assert.Len(t, report.Failed, 10)
	assert.Equal(t, 10, e.requests())
	assertNoJournal(t, job)
}

func TestAWrongKeyStopsTheRunAndKeepsWhatIsThere(t *testing.T) {
	e := serve(t, about("cat", text(401, `{"error": {"message": "expired"}}`)))
	c, _ := e.client("")
	job := newJob(t, "dog", "cat", "red panda")
	report, err := Run(t.Context(), c, job)
	require.ErrorContains(t, err, "SIGHTLINE_DESCRIBE_KEY")
	assert.Equal(t, sightline.CodeUnauthorized, sightline.CodeOf(err))
	assert.Empty(t, report.Failed, "it is no label's fault")
	assert.True(t, Begun(job.Out))
	assert.Equal(t, 6, e.requests())
}

func TestAFileThatIsThereIsAddedTo(t *testing.T) {
	e := serve(t, good)
	c, _ := e.client("")
	job := newJob(t, "cat", "Dog")
	old := []descriptions.Label{{Name: "whale", Descriptions: []string{"a whale"}}, {Name: "dog", Descriptions: []string{"my own words"}}}
	require.NoError(t, descriptions.Write(job.Out, old))
	report, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.Equal(t, Report{Labels: 2, Kept: 1, Asked: 1, Requests: 5, Complete: true}, report)
	labels := read(t, job.Out)
	assert.Equal(t, []string{"cat", "dog", "whale"}, namesOf(labels), "the wanted order, then what else was there")
	assert.Equal(t, []string{"my own words"}, labels[1].Descriptions)

	report, err = Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.Equal(t, Report{Labels: 2, Kept: 2, Requests: 5, Complete: true}, report)
	assert.Equal(t, 5, e.requests(), "nothing is missing, nobody is asked")
	assertNoJournal(t, job)
}

func TestAnewReplacesTheFileOnlyWhenItIsComplete(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	e := serve(t, func(w http.ResponseWriter, r *http.Request, q question, nth int) {
		if nth == 3 {
			interrupt()
			<-r.Context().Done() // the client has left before an answer could be noted
			return
		}
		good(w, r, q, nth)
	})
	c, _ := e.client("")
	job := newJob(t, "dog")
	old := []descriptions.Label{{Name: "dog", Descriptions: []string{"old words"}}}
	require.NoError(t, descriptions.Write(job.Out, old))
	job.Anew = true
	_, err := Run(ctx, c, job)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, old, read(t, job.Out))

	job.Anew = false // resumes what was begun
	questions, err := Plan(c.settings, job)
	require.NoError(t, err)
	require.Len(t, questions, 1)
	assert.Len(t, questions[0].Prompts, 3)
	report, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.True(t, report.Complete)
	assert.Len(t, read(t, job.Out)[0].Descriptions, 51)
	assertNoJournal(t, job)
}

func TestAFileOfAnotherKindIsLeftAlone(t *testing.T) {
	e := serve(t, good)
	c, _ := e.client("")
	job := newJob(t, "dog")
	require.NoError(t, os.WriteFile(job.Out, []byte("my diary"), 0o600))
	for _, do := range []func() error{
		func() error { _, err := Run(t.Context(), c, job); return err },
		func() error { _, err := Plan(c.settings, job); return err },
		func() error { _, err := FromTemplates([]Entry{{Name: "dog"}}, job.Out, false); return err },
	} {
		err := do()
		require.ErrorContains(t, err, "it is not JSON")
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
	}
	assert.Zero(t, e.requests())
	kept, err := os.ReadFile(job.Out)
	require.NoError(t, err)
	assert.Equal(t, "my diary", string(kept))
	assertNoJournal(t, job)
}

func TestAJournalBelongsToItsSettings(t *testing.T) {
	e := serve(t, about("cat", text(400, "no cats")))
	c, _ := e.client("")
	job := newJob(t, "dog", "cat")
	_, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	before, err := os.ReadFile(job.Out + JournalSuffix)
	require.NoError(t, err)
	for says, change := range map[string]func(s *Settings){
		`--model "parrot" and not "gull"`: func(s *Settings) { s.Model = "gull" },
		"--answers 10 and not 3":          func(s *Settings) { s.Answers = 3 },
		"--temperature 0.99 and not 0.2":  func(s *Settings) { s.Temperature = 0.2 },
		"--max-tokens 77 and not 50":      func(s *Settings) { s.MaxTokens = 50 },
	} {
		c, _ := e.client("")
		change(&c.settings)
		_, err := Run(t.Context(), c, job)
		require.ErrorContains(t, err, job.Out+JournalSuffix+" was begun with "+says)
		require.ErrorContains(t, err, "--restart")
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
	}
	after, err := os.ReadFile(job.Out + JournalSuffix)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))

	c, _ = e.client("")
	c.settings.Model = "gull"
	job.Anew, job.Names = true, []string{"dog"}
	report, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	assert.Equal(t, 5, report.Requests)
}

// Whatever a kill leaves of the last line, the run goes on; damage elsewhere is told.
func TestAJournalThatWasTornAnywhereIsGoneOnWith(t *testing.T) {
	e := serve(t, about("cat", text(400, "no cats")))
	c, _ := e.client("")
	job := newJob(t, "dog", "cat")
	_, err := Run(t.Context(), c, job)
	require.NoError(t, err)
	path := job.Out + JournalSuffix
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, at := range []int{0, 1, 100, len(whole) - 1, len(whole) - 30, len(whole) / 2, len(whole)} {
		require.NoError(t, os.WriteFile(path, whole[:at], 0o600))
		report, err := Run(t.Context(), c, job)
		require.NoError(t, err)
		assert.Len(t, report.Failed, 1)
		j, err := peek(path, c.settings)
		require.NoError(t, err)
		assert.Len(t, j.answers("dog"), 50)
	}
}

func TestDamagedJournalsAreTold(t *testing.T) {
	settings := DefaultSettings()
	head, err := json.Marshal(header{Format: journalFormat, Settings: settings, Templates: templates()})
	require.NoError(t, err)
	for content, says := range map[string]string{
		"[]\n":                            "line 1 is damaged",
		`{"format": 9}` + "\n":            "was begun with format 9",
		string(head) + "\nnot JSON\n{}\n": "line 2 is damaged: invalid character",
		string(head) + "\n" + `{"label": "dog", "prompt": 5, "answers": []}` + "\n":         "line 2 is damaged: prompt 5 with 0 answers",
		string(head) + "\n" + `{"label": "dog", "prompt": -1, "answers": ["a"]}` + "\n":     "line 2 is damaged",
		string(head) + "\n" + `{"label": "dog", "prompt": 0, "answers": ["a"]}` + "\n":      "prompt 0 with 1 answers; there are prompts 0 to 4 with 10 each",
		strings.Replace(string(head), "Describe briefly", "Describe", 1) + "\n":             "was begun with other prompts",
		string(head) + "\n" + `{"label": "dog", "prompt": 0, "answers": {"a": "b"}}` + "\n": "line 2 is damaged: json",
	} {
		path := filepath.Join(t.TempDir(), "labels.json.part")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := openJournal(path, settings, false)
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "--restart")
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(kept))
	}
}

func TestOneProcessWritesToAJournal(t *testing.T) {
	e := serve(t, good)
	c, _ := e.client("")
	job := newJob(t, "dog")
	j, err := openJournal(job.Out+JournalSuffix, c.settings, false)
	require.NoError(t, err)
	_, err = Run(t.Context(), c, job)
	require.ErrorContains(t, err, "another process is writing to "+job.Out+JournalSuffix)
	job.Anew = true
	_, err = Run(t.Context(), c, job)
	require.ErrorContains(t, err, "another process")
	require.NoError(t, j.close())
	_, err = Run(t.Context(), c, job)
	require.NoError(t, err)
}

func TestAPlaceThatCannotBeWrittenToIsFoundBeforeAnybodyIsAsked(t *testing.T) {
	e := serve(t, good)
	c, _ := e.client("")
	for _, out := range []string{filepath.Join(t.TempDir(), "no", "labels.json"), t.TempDir(), "/dev/stdout"} {
		job := newJob(t, "dog")
		job.Out = out
		_, err := Run(t.Context(), c, job)
		require.ErrorContains(t, err, out)
		assert.Equal(t, sightline.CodeUnreadable, sightline.CodeOf(err))
	}
	assert.Zero(t, e.requests())
}

func TestWithoutAModelNamesAliasesAndGlossesAreDescriptions(t *testing.T) {
	job := newJob(t)
	entries := []Entry{{Name: "red panda", Aliases: []string{"lesser panda"}, Gloss: "a small mammal"}, {Name: "cat"}}
	report, err := FromTemplates(entries, job.Out, false)
	require.NoError(t, err)
	assert.Equal(t, Report{Labels: 2, Asked: 2, Complete: true}, report)
	labels := read(t, job.Out)
	assert.Equal(t, []string{"red panda", "cat"}, namesOf(labels))
	assert.Equal(t, "a photo of a red panda.", labels[0].Descriptions[0])
	assert.Contains(t, labels[0].Descriptions, "a photo of a lesser panda.")
	assert.Contains(t, labels[0].Descriptions, "red panda: a small mammal.")
	assert.Equal(t, "a photo of a cat.", labels[1].Descriptions[0])

	first, err := os.ReadFile(job.Out)
	require.NoError(t, err)
	report, err = FromTemplates([]Entry{{Name: "Cat", Gloss: "another"}}, job.Out, false)
	require.NoError(t, err)
	assert.Equal(t, Report{Labels: 1, Kept: 1, Complete: true}, report)
	again, err := os.ReadFile(job.Out)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(again))

	_, err = FromTemplates([]Entry{{Name: "zebra"}}, job.Out, false)
	require.NoError(t, err)
	assert.Equal(t, []string{"zebra", "red panda", "cat"}, namesOf(read(t, job.Out)))
	require.NoError(t, os.WriteFile(job.Out+JournalSuffix, []byte("{}\n"), 0o600))
	_, err = FromTemplates([]Entry{{Name: "zebra"}}, job.Out, false)
	require.ErrorContains(t, err, "has answers of a language model")
	_, err = FromTemplates([]Entry{{Name: "zebra"}}, job.Out, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"zebra"}, namesOf(read(t, job.Out)))
	assertNoJournal(t, job)
}

func TestNamesThatCannotBeLabels(t *testing.T) {
	require.NoError(t, CheckNames([]string{"dog", "red panda"}))
	for says, names := range map[string][]string{
		"no labels":                                 nil,
		"name 2: a label's name is empty":           {"dog", " "},
		`name 3, "DOG", is there already as name 1`: {"dog", "cat", "DOG"},
		"has 10485760 characters; at most 100":      {strings.Repeat("x", 10<<20)},
		"has control characters":                    {"a\nb"},
	} {
		err := CheckNames(names)
		require.ErrorContains(t, err, says)
		assert.Less(t, len(err.Error()), 300)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
	}
}
