"""Indexing many files is measured on good images that all differ."""

from training import many_files
from training.tests.exporting import ROOT, program


def test_all_files_are_indexed_and_found_unchanged(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_ORT_LIBRARY", str(ROOT / "lib" / "libonnxruntime.so"))
    few, many, again = many_files.measure(program(), 40, tmp_path)
    assert [run.report["added"] for run in (few, many, again)] == [4, 40, 0]
    assert again.report["unchanged"] == 40
    assert all(run.report["peak_memory_bytes"] > 1e6 and run.index_bytes > 0 for run in (few, many, again))
    assert "| unchanged | 40 |" in again.row()
