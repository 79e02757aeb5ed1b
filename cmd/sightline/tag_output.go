package main

import (
	"fmt"

	"github.com/sightline-search/sightline/index"
)

func labelLines(labels []index.LabelScore, logits bool) []labelLine {
	lines := make([]labelLine, len(labels))
	for i, l := range labels {
		lines[i] = labelLine{Name: l.Name, Probability: l.Probability}
		if logits {
			lines[i].Logit = &labels[i].Logit
		}
	}
	return lines
}

// only gives the lines of the tags, in their order.
func only(tags []index.TagScore, labels []index.LabelScore, logits bool) []labelLine {
	byName := make(map[string]labelLine, len(labels))
	for _, line := range labelLines(labels, logits) {
		byName[line.Name] = line
	}
	lines := make([]labelLine, len(tags))
	for i, tag := range tags {
		lines[i] = byName[tag.Name]
	}
	return lines
}

func (a *app) printLabels(lines []labelLine) error {
	if len(lines) == 0 {
		a.printf("  no label is likely enough\n")
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{fmt.Sprintf("%7s", percent(l.Probability))}
		if l.Logit != nil {
			rows[i] = append(rows[i], fmt.Sprintf("%8.3f", *l.Logit))
		}
		rows[i] = append(rows[i], l.Name)
	}
	return a.printTable(rows)
}
