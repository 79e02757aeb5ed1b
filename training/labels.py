"""The label set of the default bundle: which words, which other names for them, which descriptions, which positives.

Labels come from the training tags (not from the emoji sets, whose keywords are about meanings rather than looks), from
nouns and activities that people used in captions, and from the names of the ImageNet classes that the backbone knows.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .wordlists import split_words

EMOJI = {"noto", "twemoji", "fluent-emoji-flat"}
DRAWINGS = EMOJI | {"openclipart", "tuxpaint-stamps"}
MIN_COUNT = 10  # train images that carry a tag before it becomes a label
DESCRIPTIONS = 2  # per label at most, in the bundle

# Colours, numbers, places, abstractions and photographer's jargon: frequent as tags, poor as labels.
STOP = set(
    split_words(
        """
    and black white red green blue yellow brown orange-red pink purple one two three row down turn rule victor operator
    formula prototype formation contour figure steel giant post reel guard land science math writing symbol religion
    hobby home close-up structure equipment container seasonal prop protective covering franc france scotland hawaii
    oahu kauai maui australia indian nicu f-16 straightaway polar arctic tails body parts arc grocery dish hardware
    architecture nature package garment dwelling fastener game music sport range pair plain south cycle art tool machine
    clothes kaiser marine military brass bass chest bug note switch folder frozen shoes military alcohol party winter
    autumn spring summer entrance facade column hole menu stem projectile stringed carnivore ungulate invertebrate
    garfield snoopy smiley cartoon astronomy conference ceremony prayer holiday space health good
    """
    )
) | {"body parts", "protective covering", "game equipment", "white-tailed", "tailed frog", "geological formation"}

# Nouns and activities of captions, worded the way people search; the tags lack them or use them too rarely.
CAPTION_WORDS = split_words(
    """
    man woman child boy girl person people baby toddler couple crowd player athlete skateboarder snowboarder skier
    surfer  climber hiker cyclist runner dancer bride puppy dog cat horse bird cow sheep duck ball frisbee toy stick
    bike bicycle  motorcycle skateboard surfboard snowboard skis sled raft kayak canoe boat car truck bus train
    tractor wheelchair  beach ocean lake river pool wave waterfall snow ice sand grass field forest woods park
    playground street road sidewalk  path trail hill mountain cliff rock desert dirt mud puddle splash tree flower
    leaf fence wall building house bridge  stairs ramp tent bench chair table couch bed window door hat cap helmet
    sunglasses glasses goggles jacket coat shirt  t-shirt dress skirt shorts pants jeans uniform costume suit swimsuit
    bikini wetsuit scarf backpack bag umbrella guitar  microphone drum camera book newspaper phone bottle cup food
    drink beer ice_cream cake balloon flag sign fountain statue  trampoline slide swing rope bucket leash collar fire
    smoke graffiti sunset night city store restaurant market stage  football baseball basketball soccer tennis hockey
    rugby volleyball race parade wedding concert rodeo running jumping  walking swimming climbing surfing skiing
    snowboarding skateboarding cycling dancing fishing eating drinking reading  sleeping smiling laughing singing
    sitting fighting playing riding digging hugging kissing sledding kayaking
    """
)

FORMS = {  # word of a caption -> label; plurals and verb forms are found by rule
    "men": "man",
    "women": "woman",
    "lady": "woman",
    "children": "child",
    "kid": "child",
    "kids": "child",
    "boys": "boy",
    "girls": "girl",
    "persons": "person",
    "puppies": "puppy",
    "babies": "baby",
    "infant": "baby",
    "bikes": "bicycle",
    "bike": "bicycle",
    "biker": "cyclist",
    "bicyclist": "cyclist",
    "motorbike": "motorcycle",
    "sofa": "couch",
    "leaves": "leaf",
    "cellphone": "phone",
    "mountains": "mountain",
    "rocky": "rock",
    "snowy": "snow",
    "grassy": "grass",
    "sandy": "sand",
    "muddy": "mud",
    "ran": "running",
    "run": "running",
    "runs": "running",
    "jogging": "running",
    "jump": "jumping",
    "jumps": "jumping",
    "leaps": "jumping",
    "leaping": "jumping",
    "swim": "swimming",
    "swims": "swimming",
    "climbs": "climbing",
    "climb": "climbing",
    "walks": "walking",
    "walk": "walking",
    "biking": "cycling",
    "smiles": "smiling",
    "smile": "smiling",
    "plays": "playing",
    "play": "playing",
    "rides": "riding",
    "ride": "riding",
    "sits": "sitting",
    "sit": "sitting",
    "splashing": "splash",
    "splashes": "splash",
    "sled": "sled",
    "skateboarders": "skateboarder",
    "ski": "skis",
    "spectators": "crowd",
}
# Words that captions use in another sense than the label's: "looks at the camera", "an orange shirt".
OTHER_SENSE = set(
    split_words(
        """
    camera orange watch light ground head face button track fly bow park back cardigan crane iron hook screen
    """
    )
)
PEOPLE = {  # seeing one of these is seeing a person
    "man",
    "woman",
    "child",
    "boy",
    "girl",
    "baby",
    "toddler",
    "player",
    "athlete",
    "skateboarder",
    "snowboarder",
    "skier",
    "surfer",
    "climber",
    "hiker",
    "cyclist",
    "runner",
    "dancer",
    "bride",
    "people",
    "crowd",
    "couple",
    "swimmer",
}
MERGE = {  # spellings and close synonyms among the tags -> the label that is kept
    "plane": "airplane",
    "aircraft": "airplane",
    "motorbike": "motorcycle",
    "bike": "bicycle",
    "sofa": "couch",
    "cellphone": "phone",
    "cellular telephone": "phone",
    "telephone": "phone",
    "teddy": "teddy bear",
    "palm": "palm tree",
    "jean": "jeans",
    "binocular": "binoculars",
    "shoe": "shoe",
    "shoes": "shoe",
    "domestic cat": "cat",
    "woods": "forest",
    "donut": "doughnut",
    "cup cake": "cupcake",
    "kiwi": "kiwi fruit",
    "grizzly": "grizzly bear",
    "lesser panda": "red panda",
    "panda": "giant panda",
    "potpie": "pot pie",
    "bluejean": "jeans",
    "aubergine": "eggplant",
    "yoghurt": "yogurt",
    "clothes": "clothing",
    "black widow": "black widow spider",
    "jinrikisha": "rickshaw",
    "ipod": "music player",
    "hog": "pig",
    "headphone": "headphones",
    "goggles": "goggles",
    "minibus": "minibus",
    "studio couch": "sofa bed",
    "dial telephone": "dial phone",
    "mouse": "mouse",
    "bannister": "banister",
    "polar bear": "polar bear",
    "ice bear": "polar bear",
    "lolly": "ice lolly",
    "pop bottle": "soda bottle",
    "sea": "ocean",
    "shore": "seashore",
    "cab": "taxi",
    "screen": "display",
    "monitor": "computer monitor",
}
EXTRA_ALIASES = {
    "airplane": ["plane", "aeroplane", "aircraft"],
    "bicycle": ["bike", "pushbike"],
    "motorcycle": ["motorbike"],
    "couch": ["sofa", "settee"],
    "phone": ["telephone", "cell phone", "cellphone", "mobile phone", "smartphone"],
    "ocean": ["sea"],
    "child": ["kid"],
    "people": ["group of people"],
    "crowd": ["crowd of people"],
    "car": ["automobile", "auto"],
    "puppy": ["pup"],
    "forest": ["woods", "woodland"],
    "running": ["jogging"],
    "cycling": ["biking", "bike riding"],
    "person": ["human", "human being"],
    "doughnut": ["donut"],
    "french fries": ["chips", "fries"],
    "soccer": ["football match"],
    "television": ["tv", "tv monitor", "television set"],
    "eggplant": ["aubergine"],
    "ice cream": ["icecream"],
    "cat": ["domestic cat", "kitty", "house cat"],
    "pig": ["hog", "swine"],
    "rabbit": ["bunny"],
    "hamburger": ["burger"],
    "truck": ["lorry"],
    "dog": ["doggy"],
    "flower": ["blossom"],
    "refrigerator": ["fridge"],
    "sneaker": ["running shoe"],
    "taxi": ["cab"],
    "seashore": ["shore", "coast", "seaside"],
}


@dataclass
class Label:
    """One tag: `classes` are the ImageNet class indices that it names or contains."""

    name: str
    aliases: list = field(default_factory=list)
    parents: list = field(default_factory=list)
    classes: list = field(default_factory=list)

    def descriptions(self) -> list:
        """At most DESCRIPTIONS texts; the first is the bare name."""
        texts = [self.name, f"a photo of {article(self.name)}"]
        if self.parents:
            texts.append(f"{self.name}, a kind of {self.parents[0]}")
        elif self.aliases:
            texts.append(f"a photo of {article(self.aliases[0])}")
        return texts[:DESCRIPTIONS]


def article(noun: str) -> str:
    """The noun with `a` or `an`, unless it looks like a plural or an activity."""
    if noun.endswith("ing") or (noun.endswith("s") and not noun.endswith("ss")):
        return noun
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def clean(tag: str) -> str:
    """Lower case, plain apostrophes, merged spellings; empty where the word makes no label."""
    tag = MERGE.get(tag.lower().strip().replace("’", "'"), tag.lower().strip().replace("’", "'"))
    if tag in STOP or len(tag) < 3 or re.search(r"\d", tag):
        return ""
    return tag


# The grocery photographs are tagged with brands; what a picture of one shows is the kind of packaging's content.
BRANDS = re.compile(r"^(alpro|arla|garant|god morgon|bravo|tropicana|valio|yoggi|oatly)\b")


def read_classes(sources) -> list:
    """The 1,000 ImageNet classes in the backbone's order (name, alt, hypernyms): of a file, or of the first data folder
    that has them; nothing when none has."""
    for source in [sources] if isinstance(sources, (str, Path)) else sources:
        file = Path(source) / "imagenet_classes.json" if Path(source).is_dir() else Path(source)
        if file.suffix == ".json" and file.exists():
            classes = json.loads(file.read_text(encoding="utf-8"))
            return [{"alt": [], "hypernyms": []} | c for c in classes]
    return []


def taught(classes: list, keep_out: frozenset) -> np.ndarray:
    """bool [classes]: whether training may see the class's names; not when one of them is held out."""
    return np.array([not any(held_out(n, keep_out) for n in (c["name"], *c["alt"])) for c in classes], bool)


def held_out(name: str, keep_out: frozenset) -> bool:
    """Whether a tag or class name is among the labels that are held out, or is spelled otherwise."""
    return name.lower() in keep_out or clean(name) in keep_out


def tags_of(row) -> set:
    """The names that a row's tags stand for; what a user tags is taken as it is, but for spellings."""
    if row.own:
        return {MERGE.get(t.lower(), t.lower()) for t in row.tags}
    return {clean(t) for t in row.tags if not BRANDS.match(t.lower())} - {""}


def plain_aliases(alt: list) -> list:
    """Synonyms that people type: lower-case ones, which leaves the Latin taxonomy out."""
    return [a for a in alt if a == a.lower() and len(a) > 2][:3]


def build(rows: list, classes: list, skip: set = frozenset(), least: int = MIN_COUNT, more: list = ()) -> list:
    """The label set: names sorted, aliases unique over the whole set, none of `skip`; with the labels `more` of an earlier
    run. A tag becomes a label when at least `least` train rows carry it."""
    counts = Counter(tag for r in rows if r.part == "train" and (r.own or r.source not in EMOJI) for tag in tags_of(r))
    names = {t for t, n in counts.items() if n >= least}
    names |= {FORMS.get(w, w).replace("_", " ") for w in CAPTION_WORDS} | {"television"}
    labels = {name: Label(name) for name in names}
    for label in more:
        labels[label.name] = Label(label.name, list(label.aliases), list(label.parents))
    for index, c in enumerate(classes):
        name = clean(c["name"]) or c["name"].lower()
        label = labels.setdefault(name, Label(name))
        label.classes.append(index)
        label.aliases += [MERGE.get(a, a) for a in plain_aliases(c["alt"])] + [c["name"].lower()]
        label.parents = [p for p in map(clean, c["hypernyms"]) if p and p != name]
        for parent in c["hypernyms"]:
            if clean(parent) in labels:
                labels[clean(parent)].classes.append(index)
    for name, more in EXTRA_ALIASES.items():
        if name in labels:
            labels[name].aliases = more + labels[name].aliases
    taken = set(labels)
    for name in sorted(labels):
        kept = []
        for alias in labels[name].aliases:
            if alias not in taken and alias not in STOP:
                taken.add(alias)
                kept.append(alias)
        labels[name].aliases = kept
        labels[name].classes = sorted(set(labels[name].classes))
    return [labels[n] for n in sorted(labels) if n not in skip]


def caption_labels(captions: list, index: dict) -> set:
    """Labels whose word (or plural, or verb form) occurs in any of the captions."""
    found = set()
    for caption in captions:
        text = caption.lower()
        words = re.findall(r"[a-z]+(?:-[a-z]+)?", text)
        for first, second in zip(words, words[1:] + [""], strict=True):
            for candidate in (f"{first} {second}", first):
                name = word_label(candidate, index)
                if name:
                    found.add(name)
    if found & PEOPLE:
        found.add("person")
    return found


def word_label(word: str, index: dict) -> str:
    """The label that a caption's word stands for, or nothing."""
    for form in (
        word,
        FORMS.get(word, ""),
        word[:-1] if word.endswith("s") else "",
        word[:-2] if word.endswith("es") else "",
    ):
        form = FORMS.get(form, form)
        if form and form in index and form not in OTHER_SENSE:
            return form
    return ""


def positives(row, index: dict, class_of: dict, classes: list) -> set:
    """Label names that a row's tags, its ImageNet class or its captions say are in the picture."""
    alias = index["__alias__"]
    names, tags = set(), tags_of(row)
    if row.wnid in class_of:
        c = classes[class_of[row.wnid]]
        tags |= {clean(name) for name in (c["name"], *c["hypernyms"])}
    for name in tags:
        name = name if name in index else alias.get(name, "")
        if name:
            names.add(name)
    names |= caption_labels(row.captions, index)
    if names & PEOPLE:
        names.add("person")
    return names


def index_of(labels: list) -> dict:
    """name -> position, and under `__alias__` alias -> name."""
    index = {label.name: i for i, label in enumerate(labels)}
    index["__alias__"] = {a: label.name for label in labels for a in label.aliases}
    return index
