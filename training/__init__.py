"""Trains, evaluates and exports the model bundles that the Go server reads (contract: docs/bundle.md)."""
