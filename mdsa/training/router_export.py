"""Writes a fitted router as a folder for onnxruntime and for transformers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from mdsa.embeddings.bert_graph import build_bert
from mdsa.router.text_graph import TextGraph
from mdsa.router.trained_folder import MODEL, TOKENIZER
from mdsa.training.router_model import Classifier

__all__ = ["export_network", "open_graph"]


def export_network(
    model: Classifier,
    tokenizer_json: str,
    labels: Sequence[str],
    max_tokens: int,
    folder: Path,
) -> None:
    """Write the network's files: all of the folder but `router.json`, `arrays.npz`, `README.md`.

    Args:
        model: with the pooling `pooler`.
        tokenizer_json: its tokenizer.
        labels: names of its logits.
        max_tokens: texts are cut here.
        folder: where to.
    """
    config = model.bert.config
    config.architectures = ["BertForSequenceClassification"]
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: at for at, label in enumerate(labels)}
    config.problem_type = "single_label_classification"
    config.classifier_dropout = config.hidden_dropout_prob
    config.save_pretrained(folder)
    weights: dict[str, NDArray[np.float32]] = {
        name: np.ascontiguousarray(value.float().cpu().numpy())
        for name, value in model.state_dict().items()
    }
    (folder / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    (folder / TOKENIZER).write_text(tokenizer_json, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": max_tokens,
                "model_input_names": ["input_ids", "attention_mask"],
                "unk_token": "[UNK]",
                "sep_token": "[SEP]",
                "pad_token": "[PAD]",
                "cls_token": "[CLS]",
                "mask_token": "[MASK]",
            },
            indent=1,
        ),
        encoding="utf-8",
    )
    classifier = (weights["classifier.weight"], weights["classifier.bias"])
    graph = build_bert(config.to_dict(), weights, pooling="pooler", classifier=classifier)
    (folder / MODEL).write_bytes(graph.SerializeToString())


def open_graph(folder: Path, max_tokens: int) -> TextGraph:
    """Open the int8 network that was written."""
    return TextGraph(
        (folder / MODEL).read_bytes(),
        (folder / TOKENIZER).read_text(encoding="utf-8"),
        max_tokens,
        ["embedding", "logits"],
    )
