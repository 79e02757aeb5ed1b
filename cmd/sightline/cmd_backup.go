package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the index, as it is at one moment, to one file",
		Long: `Writes everything that the index holds, all generations too, to one file that must not exist yet. Searching and indexing may
go on meanwhile. The file appears when all of it is on the disk.`,
		Example: "  sightline backup /mnt/disk/photos.sightline",
		Args:    exactlyOne("name the file to write, for example: sightline backup photos.sightline"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runBackup(cmd.Context(), args[0]) },
	}
}

func newRestoreCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "restore FILE",
		Short:   "Put a backup into an index folder that holds no index",
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
	if err := a.needEmbedded("copy it into one: sightline copy --to sqlite:///absolute/folder"); err != nil {
		return err
	}
	if err := a.needIndex(); err != nil {
		return err
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if err := embedded.Backup(ctx, a.IndexDir(), path); err != nil {
		return err
	}
	return a.printFile("backed up to", path)
}

func (a *app) runRestore(ctx context.Context, file string) error {
	if err := a.needEmbedded("restore into an index folder and copy that: sightline copy --from sqlite:///absolute/folder"); err != nil {
		return err
	}
	if err := embedded.Restore(ctx, file, a.IndexDir()); err != nil {
		return err
	}
	return a.printFile("restored into", a.IndexDir())
}

// printFile tells where something lies now.
func (a *app) printFile(what, path string) error {
	if a.JSON {
		return a.printJSON(map[string]string{"path": path})
	}
	a.printf("%s %s\n", what, printable(path))
	return nil
}
