package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/transfer"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the index, as it is at one moment, to one file",
		Long: `Writes everything that an index folder holds, all generations too, to one file that must not exist yet; of a store that is a
server, the generation that answers. Searching and indexing may go on meanwhile. The file appears when all of it is on the
disk.`,
		Example: "  sightline backup /mnt/disk/photos.sightline",
		Args:    exactlyOne("name the file to write, for example: sightline backup photos.sightline"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runBackup(cmd.Context(), args[0]) },
	}
}

func newRestoreCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "restore FILE",
		Short:   "Put a backup into a store that holds no index",
		Example: "  sightline restore /mnt/disk/photos.sightline --data /home/me/index",
		Args:    exactlyOne("name the file that sightline backup wrote"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runRestore(cmd.Context(), args[0]) },
	}
}

// needEmbedded refuses what can only be done to an index folder.
func (a *app) needEmbedded(instead string) error {
	if a.embedded() {
		return nil
	}
	return sightline.Errorf(sightline.CodeInvalid, "%s is not an index folder", a.Store).WithParam("store").WithHint("%s", instead)
}

func (a *app) runBackup(ctx context.Context, file string) error {
	if err := a.needIndex(); err != nil {
		return err
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if a.embedded() {
		err = embedded.Backup(ctx, a.IndexDir(), path)
	} else {
		err = a.withStore(embedded.ReadOnly, func(s vectordb.Store) error { return a.backUpCopy(ctx, s, path) })
	}
	if err != nil {
		return err
	}
	return a.printFile("backed up to", path)
}

func (a *app) runRestore(ctx context.Context, file string) error {
	if !a.embedded() {
		err := a.withStore(embedded.ReadWrite, func(s vectordb.Store) error { return a.restoreCopy(ctx, file, s) })
		if err != nil {
			return err
		}
		return a.printFile("restored into", a.Store)
	}
	if err := embedded.Restore(ctx, file, a.IndexDir()); err != nil {
		return err
	}
	return a.printFile("restored into", a.IndexDir())
}

// backUpCopy backs up a store that is no index folder: a copy of it in one.
func (a *app) backUpCopy(ctx context.Context, s vectordb.Store, path string) error {
	return besideIndex(path, func(dir string) error {
		if err := a.copyBetween(ctx, dir, func(there vectordb.Store) (from, to vectordb.Store) { return s, there }); err != nil {
			return err
		}
		return embedded.Backup(ctx, dir, path)
	})
}

// restoreCopy puts a backup into a store that is no index folder.
func (a *app) restoreCopy(ctx context.Context, file string, s vectordb.Store) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	return besideIndex(path, func(dir string) error {
		if err := embedded.Restore(ctx, path, dir); err != nil {
			return err
		}
		return a.copyBetween(ctx, dir, func(there vectordb.Store) (from, to vectordb.Store) { return there, s })
	})
}

// besideIndex works with an index folder beside a file, where there is room for the file.
func besideIndex(path string, work func(dir string) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".index-")
	if err != nil {
		return sightline.Errorf(sightline.CodeUnavailable, "cannot write beside %s: %w", path, err)
	}
	return errors.Join(work(dir), os.RemoveAll(dir))
}

// copyBetween copies from or to the index in a folder.
func (a *app) copyBetween(ctx context.Context, dir string, ends func(there vectordb.Store) (from, to vectordb.Store)) error {
	there, err := embedded.Open(dir, embedded.ReadWrite)
	if err != nil {
		return err
	}
	from, to := ends(there)
	report, err := transfer.Copy(ctx, from, to, a.progress)
	for _, id := range report.Left {
		a.warn("not copied, because it has no features: " + id)
	}
	return errors.Join(err, there.Close())
}

// printFile tells where something lies now.
func (a *app) printFile(what, path string) error {
	if a.JSON {
		return a.printJSON(map[string]string{"path": path})
	}
	a.printf("%s %s\n", what, printable(path))
	return nil
}
