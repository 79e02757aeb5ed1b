package migrations

import (
	"context"
	"fmt"

	"github.com/sightline-search/sightline"
)

// Down takes the steps above the version back, the last one first, after a backup. When one of them has no Down nothing
// is done and it is an error with CodeIndexVersion.
func (p PlanFor[T]) Down(ctx context.Context, l Ledger[T], to int) error {
	status, err := p.Read(ctx, l)
	if err != nil || status.Version <= to {
		return err
	}
	for version := status.Version; version > to; version-- {
		if step := p.Steps[version-1]; step.Down == nil {
			return sightline.Errorf(sightline.CodeIndexVersion, "step %d (%s) cannot be taken back", version, step.Name).
				WithHint("put back the backup that was made before it")
		}
	}
	if p.Backup != nil {
		if err := p.Backup(ctx, status.Version); err != nil {
			return fmt.Errorf("back up before step %d is taken back: %w", status.Version, err)
		}
	}
	for version := status.Version; version > to; version-- {
		step := p.Steps[version-1]
		if err := l.TakeBack(ctx, version, step.Down); err != nil {
			return fmt.Errorf("take back step %d (%s): %w", version, step.Name, err)
		}
	}
	return nil
}

// recognise checks that the applied steps are the first ones of the plan.
func (p PlanFor[T]) recognise(applied []Applied) error {
	if len(applied) > len(p.Steps) {
		return sightline.Errorf(sightline.CodeIndexVersion,
			"the index has layout version %d, this program knows versions up to %d", len(applied), len(p.Steps)).
			WithHint("use the newer version of Sightline that wrote it")
	}
	for i, a := range applied {
		if a.Version != i+1 || a.Name != p.Steps[i].Name {
			return sightline.Errorf(sightline.CodeIndexVersion,
				"the index records layout step %d as %d (%s), this program as %q", i+1, a.Version, a.Name, p.Steps[i].Name).
				WithHint("use the version of Sightline that wrote it")
		}
	}
	return nil
}
