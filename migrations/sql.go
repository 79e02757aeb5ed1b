package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// The record of applied steps lies in the database itself, so that a step and its record are one transaction.
const (
	createRecord = `CREATE TABLE IF NOT EXISTS schema_version (
		version    INTEGER PRIMARY KEY,
		name       TEXT NOT NULL,
		applied_at TEXT NOT NULL -- RFC 3339, UTC
	)`
	recordExists = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'`
)

// SQL is the record in a SQLite file.
func SQL(db *sql.DB) Ledger[*sql.Tx] { return sqlLedger{db} }

type sqlLedger struct{ db *sql.DB }

func (l sqlLedger) History(ctx context.Context) ([]Applied, error) {
	db := l.db
	var tables int
	if err := db.QueryRowContext(ctx, recordExists).Scan(&tables); err != nil {
		return nil, fmt.Errorf("read the layout version: %w", err)
	}
	if tables == 0 {
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, `SELECT version, name, applied_at FROM schema_version ORDER BY version`)
	if err != nil {
		return nil, fmt.Errorf("read the layout version: %w", err)
	}
	defer rows.Close()
	var applied []Applied
	for rows.Next() {
		var a Applied
		var at string
		if err := rows.Scan(&a.Version, &a.Name, &at); err != nil {
			return nil, fmt.Errorf("read the layout version: %w", err)
		}
		if a.At, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, fmt.Errorf("read the layout version: %w", err)
		}
		applied = append(applied, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the layout version: %w", err)
	}
	return applied, nil
}

func (l sqlLedger) Apply(ctx context.Context, version int, name string, change func(context.Context, *sql.Tx) error) error {
	return inTransaction(ctx, l.db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, createRecord); err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO schema_version (version, name, applied_at) VALUES (?, ?, ?)`,
			version, name, time.Now().UTC().Format(time.RFC3339))
		return err
	})
}

func (l sqlLedger) TakeBack(ctx context.Context, version int, change func(context.Context, *sql.Tx) error) error {
	return inTransaction(ctx, l.db, func(tx *sql.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM schema_version WHERE version = ?`, version)
		return err
	})
}

func inTransaction(ctx context.Context, db *sql.DB, work func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}
