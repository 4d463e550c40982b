"""The licences of the public sets that training reads, as their sources state them."""

from __future__ import annotations

__all__ = ["licence_of"]

_LICENCES = {
    "clinc150": "CC-BY-3.0",
    "banking77": "CC-BY-4.0",
    "hwu64": "CC-BY-4.0",
    "bitext_support": "CDLA-Sharing-1.0",
    "mixsnips_clean": "none stated",
    "mixatis_clean": "none stated",
    "sgd": "CC-BY-SA-4.0",
    "sgd_train": "CC-BY-SA-4.0",
    "xquad_en": "CC-BY-SA-4.0",
    "pubmedqa": "MIT",
    "policyqa": "MIT",
    "covid_qa": "Apache-2.0",
    "bfcl": "Apache-2.0",
    "sentences.txt": "mixed",
    "own": "own",
    "templates": "own",
}


def licence_of(source: str) -> str:
    """The licence of a set.

    Args:
        source: its name, after folders and before a space: `intent/clinc150 train`, `covid_qa faq`.
    """
    name = source.partition(" ")[0].rpartition("/")[2]
    return _LICENCES.get(name, "see its source")
