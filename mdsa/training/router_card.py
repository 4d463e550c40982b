"""The model card of a trained router, written from the run."""

from __future__ import annotations

from mdsa.router.trained_folder import Manifest

__all__ = ["model_card"]

_SHOWN_DOMAINS = 20


def model_card(name: str, manifest: Manifest) -> str:
    """Text of the folder's README.md.

    Args:
        name: of the folder.
        manifest: what the run came to.
    """
    figures, data, training = manifest.metrics, manifest.data, manifest.training
    unseen = "on the rows of the calibration, for want of others: flattering"
    if figures.get("rows_unseen"):
        unseen = "on rows that neither the weights nor the calibration saw"
    if figures.get("rows_trained_on"):
        unseen = "on the rows that it was trained on, for want of others: worthless as a measure"
    if training.get("last_passes_on_all_rows"):
        unseen += "; measured before the last passes over all rows, which read these too"
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "---",
        "",
        f"# {name}",
        "",
        f"Routes a message to one of {data['domains']} domains by {data['labels']} labels. Made by "
        f"`mdsa train router` (MDSA {training['mdsa']}) from {training['start']}.",
        "",
        "## Use",
        "",
        f'`TinyBERTOrchestrator(intent_model_path="{name}")`, or '
        f"`mdsa route --router {name} TEXT`. `AutoModelForSequenceClassification` loads it too; "
        "that gives labels without domains, temperature and out-of-scope score. Texts are cut at "
        f"{manifest.max_tokens} tokens and lower-cased.",
        "",
        "## Domains",
        "",
        *_domains(manifest),
        "",
        "## Data",
        "",
        *(f"- {key.replace('_', ' ')}: {value}" for key, value in data.items()),
        "",
        "## Figures",
        "",
        f"Of the int8 network, {unseen} ({figures['rows']} rows):",
        "",
        "| figure | value |",
        "|---|---|",
        *(
            f"| {key.replace('_', ' ')} | {value:.4f} |"
            for key, value in figures.items()
            if isinstance(value, float)
        ),
        "",
        "They hold for messages like those rows. Other wording, languages and subjects will do "
        "worse; the out-of-scope score tells some of those.",
        "",
        "## Training",
        "",
        *(f"- {key.replace('_', ' ')}: {value}" for key, value in training.items()),
        "",
        "## Files",
        "",
        "| file | bytes | sha256 |",
        "|---|---|---|",
        *(
            f"| {file} | {record.bytes} | `{record.sha256}` |"
            for file, record in manifest.files.items()
        ),
        "",
    ]
    return "\n".join(lines)


def _domains(manifest: Manifest) -> list[str]:
    names = manifest.domain_names
    lines = [
        f"- {name}: {manifest.domains.count(name)} label"
        + ("s" if manifest.domains.count(name) > 1 else "")
        for name in names[:_SHOWN_DOMAINS]
    ]
    if len(names) > _SHOWN_DOMAINS:
        lines.append(f"- and {len(names) - _SHOWN_DOMAINS} more (see `router.json`)")
    return lines
