"""WordNet's nouns, as far as concepts need them: what is above a word (data.noun and index.noun, format of wndb(5WN))."""

from pathlib import Path

SENSES = 2  # of a word, the commonest first


class Wordnet:
    """The database's folder, for example /usr/share/wordnet of Debian's wordnet-base."""

    def __init__(self, folder: Path):
        if not (Path(folder) / "data.noun").exists():
            raise SystemExit(f"{folder}: no data.noun; install wordnet-base, or name WordNet's folder with --wordnet")
        self.data = (Path(folder) / "data.noun").read_bytes()
        self.senses = {}
        for line in (Path(folder) / "index.noun").read_text(encoding="ascii").splitlines():
            if not line.startswith(" "):
                fields = line.split()
                self.senses[fields[0]] = [int(offset) for offset in fields[-int(fields[2]) :]]

    def synset(self, offset: int) -> tuple:
        """Names, and the offsets of what is directly above."""
        end = self.data.index(b"\n", offset)
        fields = self.data[offset:end].split(b" | ")[0].decode("ascii").split()
        words = int(fields[3], 16)
        names = [fields[4 + 2 * i].replace("_", " ").lower() for i in range(words)]
        pointers = fields[4 + 2 * words :]
        count = int(pointers[0])
        above = [int(pointers[2 + 4 * i]) for i in range(count) if pointers[1 + 4 * i] in ("@", "@i")]
        return names, above

    def gloss(self, word: str) -> str:
        """The definition of a word's commonest sense, without examples; empty for unknown words."""
        for offset in self.senses.get(word.replace(" ", "_"), [])[:1]:
            text = self.data[offset : self.data.index(b"\n", offset)].split(b" | ")[1].decode("latin-1")
            return text.split('; "')[0].strip()
        return ""

    def above(self, word: str) -> set:
        """Synonyms of a word's commonest senses and the names of everything above them; nothing for unknown words."""
        todo, seen, names = list(self.senses.get(word.replace(" ", "_"), [])[:SENSES]), set(), set()
        while todo:
            offset = todo.pop()
            if offset not in seen:
                seen.add(offset)
                found, higher = self.synset(offset)
                names.update(found)
                todo += higher
        return names
