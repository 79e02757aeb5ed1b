package describe

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnswersBecomeDescriptions(t *testing.T) {
	long := strings.Repeat("It is a small and furry animal. ", 20)
	for text, want := range map[string]string{
		"It has rust-red fur.":                              "It has rust-red fur.",
		"  \"It has rust-red fur.\"\n":                      "It has rust-red fur.",
		"“A red panda in a tree.”":                          "A red panda in a tree.",
		`"Red" is what "panda" means here.`:                 `"Red" is what "panda" means here.`,
		"1. It has\n2. rust-red\tfur.":                      "It has rust-red fur.",
		"- Rust-red fur\n* a ringed tail":                   "Rust-red fur a ringed tail",
		"Sure! Here is a caption:\n\n**A red panda** naps.": "A red panda naps.",
		"### Red panda\nIt has fur.":                        "Red panda It has fur.",
		"<think>What is it?\nA panda.</think>\nIt has fur.": "It has fur.",
		"Mr. Panda asleep on a branch":                      "Mr. Panda asleep on a branch",
		"a red panda asleep on a branch":                    "a red panda asleep on a branch",
		"3 metres tall and grey.":                           "3 metres tall and grey.",
		"It has fur.\x00\x1b It is \xffred.":                "It has fur. It is red.",
		"赤い毛皮の小さな動物":                                        "赤い毛皮の小さな動物",
		long:                                                strings.TrimSpace(long[:287]),
		strings.Repeat("fur ", 100):                         strings.TrimSpace(strings.Repeat("fur ", 75)),
		strings.Repeat("f", 400):                            strings.Repeat("f", 300),
	} {
		got, err := clean(answer{text: text})
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
}

func TestOfTornAnswersWholeSentencesAreKept(t *testing.T) {
	for text, want := range map[string]string{
		"It has fur. It lives in the moun":   "It has fur.",
		"It has fur. It is red! It lives.":   "It has fur. It is red! It lives.",
		"A small mammal with red fur and a ": "A small mammal with red fur and",
		"A small mammal with red fur an":     "A small mammal with red fur",
		"furfurfur":                          "furfurfur",
	} {
		got, err := clean(answer{text: text, torn: true})
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
}

func TestWhatIsNoDescription(t *testing.T) {
	for text, says := range map[string]string{
		"":                                    "empty",
		" \n\t":                               "empty",
		"\"\"":                                "empty",
		"<think>I wonder":                     "empty",
		"<think>I wonder</think>":             "empty",
		"<!DOCTYPE html>":                     "markup",
		`{"description": "It has fur."}`:      "no sentence",
		"[INST] It has":                       "no sentence",
		"Yes.":                                "too short",
		"?!?!?!?!?!":                          "too short",
		"I'm sorry, but I can't do that.":     "refusal",
		"I’m unable to see pictures.":         "refusal",
		"As an AI language model, I have no":  "refusal",
		"Sorry! That is not something I know": "refusal",
	} {
		_, err := clean(answer{text: text})
		assert.ErrorContains(t, err, says, "%q", text)
	}
}

func TestPromptsNameTheLabelOnce(t *testing.T) {
	for name, want := range map[string]string{"dog": " a dog", "Airplane": " an Airplane", "{}": " a {}", "Übung": " a Übung"} {
		prompts := Prompts(name)
		require.Len(t, prompts, 5)
		different := map[string]bool{}
		for _, p := range prompts {
			assert.Equal(t, 1, strings.Count(p, want), p)
			different[p] = true
		}
		assert.Len(t, different, 5)
	}
}
