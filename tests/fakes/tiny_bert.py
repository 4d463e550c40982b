"""A BERT encoder of a few thousand weights, and rows that it can learn in a second."""

import random

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from mdsa.training.rows import LabelledText

_WORDS = {
    "refund": "money back return paid charge twice bill invoice",
    "delivery": "parcel arrive courier late track ship package door",
    "password": "login reset account locked code forgot sign access",
}
_FILLERS = ["please", "can", "you", "my", "the", "want", "help", "with", "to", "is", "now"]
_DOMAINS = {"refund": "orders", "delivery": "orders", "password": "account"}


def labelled_rows(count=20, *, domains=False, seed=0):
    """`count` different rows of each of three labels."""
    rng = random.Random(seed)  # rows, no secret
    rows = {}
    for label, words in _WORDS.items():
        texts = {}
        while len(texts) < count:
            words_of_text = rng.sample(words.split(), 2) + rng.sample(_FILLERS, 3)
            rng.shuffle(words_of_text)
            texts[" ".join(words_of_text)] = None
        rows[label] = [
            LabelledText(text, label, _DOMAINS[label] if domains else None) for text in texts
        ]
    return [row for group in zip(*rows.values(), strict=True) for row in group]


def write_tiny_bert(folder, layers=2):
    """A Hugging Face folder with random weights."""
    words = sorted({word for words in _WORDS.values() for word in words.split()} | set(_FILLERS))
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *(f"##{letter}" for letter in letters)]
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({*words, *pieces})]
    vocabulary = {name: at for at, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
