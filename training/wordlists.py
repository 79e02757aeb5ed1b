"""Word lists are written as running text; these split them."""


def split_words(text: str) -> list:
    """Words between white space."""
    return text.split()


def split_bars(text: str) -> list:
    """Phrases between bars; line ends count for nothing."""
    return [" ".join(part.split()) for part in text.split("|")]
