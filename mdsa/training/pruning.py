"""TinyBERT's first weights, cut out of its teacher instead of drawn at random.

Width and depth pruning before distillation needs far fewer steps than distilling from random
layers (Muralidharan et al., arXiv:2407.14679). Here every cut is a least-squares problem over the
activations of a sample of texts: the student keeps a subset of the teacher's hidden dimensions,
each head the best low-rank form of its products, each feed-forward block its strongest neurons,
and whatever reads the kept parts is refitted to stand in for the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm
from transformers import BertConfig, BertModel
from transformers.models.bert.modeling_bert import BertLayer

__all__ = ["prune"]

_RIDGE = 1e-3
"""Of the mean variance: keeps least squares sane where dimensions are almost dependent."""


@dataclass(frozen=True)
class _Sample:
    """Token-level activations of the teacher; padding is left out."""

    mask: Tensor
    hidden: list[Tensor]
    """Input of each layer and output of the last, each (tokens, width)."""
    attended: list[Tensor]
    """Output of each layer's attention block, (tokens, width)."""


def prune(
    teacher: BertModel,
    config: BertConfig,
    layers: Sequence[int],
    input_ids: Tensor,
    attention_mask: Tensor,
) -> tuple[BertModel, Tensor, Tensor]:
    """Cut a smaller model out of a larger one.

    Args:
        teacher: BERT with eager attention, in evaluation mode.
        config: shape of the student; at most as wide and deep as the teacher, as many heads.
        layers: which of the teacher's layers the student's come from, ascending.
        input_ids: a sample of texts, (texts, tokens).
        attention_mask: 1 for tokens, 0 for padding; (texts, tokens).

    Returns:
        The student, and weight (teacher width, student width) and bias of the linear map that
        takes its last hidden states to the teacher's.
    """
    with torch.no_grad():
        sample = _observe(teacher, input_ids, attention_mask)
        kept = _keep_dimensions(sample.hidden, config.hidden_size)
        student = BertModel(config)
        student.train(mode=False)
        _prune_embeddings(student, teacher, kept, input_ids, sample)
        states = student.embeddings(input_ids=input_ids)
        extended = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float).min
        targets = [*layers[1:], len(teacher.encoder.layer)]
        theirs = _layers(teacher)
        for layer, source, target in zip(_layers(student), layers, targets, strict=True):
            states = _prune_layer(
                layer, theirs[source], kept, states, extended, sample, source, target
            )
        weight, bias = _least_squares(states[sample.mask], sample.hidden[-1])
    return student, weight, bias


def _layers(model: BertModel) -> list[BertLayer]:
    """The encoder's layers; torch types a module list's entries as plain modules."""
    return [layer for layer in model.encoder.layer if isinstance(layer, BertLayer)]


def _observe(teacher: BertModel, input_ids: Tensor, attention_mask: Tensor) -> _Sample:
    mask = attention_mask.bool()
    attended: list[Tensor] = []
    hooks = [
        layer.attention.register_forward_hook(
            lambda _module, _inputs, output: attended.append(output[0][mask])
        )
        for layer in _layers(teacher)
    ]
    output = teacher(input_ids, attention_mask, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    return _Sample(mask, [state[mask] for state in output.hidden_states], attended)


def _keep_dimensions(hidden: Sequence[Tensor], width: int) -> Tensor:
    """Drop, one at a time, the dimension that the others predict best."""
    covariance = torch.stack([torch.cov(state.T) / state.var(dim=0).mean() for state in hidden])
    covariance = covariance.sum(dim=0)
    scale = covariance.diagonal().mean()
    precision = torch.linalg.inv(covariance.double() + _RIDGE * scale * torch.eye(len(covariance)))
    alive = list(range(len(covariance)))
    while len(alive) > width:
        worst = int(precision.diagonal().argmax())
        rest = [index for index in range(len(alive)) if index != worst]
        column = precision[rest, worst]
        precision = precision[rest][:, rest] - torch.outer(column, column) / precision[worst, worst]
        del alive[worst]
    return torch.tensor(alive)


def _prune_embeddings(
    student: BertModel, teacher: BertModel, kept: Tensor, input_ids: Tensor, sample: _Sample
) -> None:
    ours, theirs = student.embeddings, teacher.embeddings
    for name in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
        getattr(ours, name).weight.copy_(getattr(theirs, name).weight[:, kept])
    positions = torch.arange(input_ids.shape[1])
    total = ours.word_embeddings(input_ids) + ours.position_embeddings(positions)
    total = total + ours.token_type_embeddings.weight[0]
    _fit_layer_norm(ours.LayerNorm, total[sample.mask], sample.hidden[0][:, kept])


def _prune_layer(
    ours: BertLayer,
    theirs: BertLayer,
    kept: Tensor,
    states: Tensor,
    extended_mask: Tensor,
    sample: _Sample,
    source: int,
    target: int,
) -> Tensor:
    """Fill one layer and run it; the next one is fitted to what really comes out of this one."""
    self_attention, output = theirs.attention.self, theirs.attention.output
    read, offset = _least_squares(states[sample.mask], sample.hidden[source])
    parts = [
        _compose(getattr(self_attention, name), read, offset) for name in ("query", "key", "value")
    ]
    factors = _factor_heads(
        parts,
        states[sample.mask],
        output.dense.weight[kept],
        self_attention.num_attention_heads,
        ours.attention.self.attention_head_size,
    )
    for name, (weight, bias) in zip(("query", "key", "value"), factors[:3], strict=True):
        linear = getattr(ours.attention.self, name)
        linear.weight.copy_(weight)
        linear.bias.copy_(bias)
    ours.attention.output.dense.weight.copy_(factors[3][0])
    ours.attention.output.dense.bias.copy_(output.dense.bias[kept])
    mixed = ours.attention.self(states, extended_mask)[0]
    total = (ours.attention.output.dense(mixed) + states)[sample.mask]
    norm = ours.attention.output.LayerNorm
    _fit_layer_norm(norm, total, sample.attended[source][:, kept])
    attended = norm(ours.attention.output.dense(mixed) + states)

    flat = attended[sample.mask]
    read, offset = _least_squares(flat, sample.attended[source])
    weight, bias = _compose(theirs.intermediate.dense, read, offset)
    inner = nn.functional.gelu(flat @ weight.T + bias)
    outward = theirs.output.dense.weight[kept]
    strength = inner.square().mean(dim=0).sqrt() * outward.norm(dim=0)
    neurons = strength.topk(ours.intermediate.dense.out_features).indices.sort().values
    restore, constant = _least_squares(inner[:, neurons], inner)
    ours.intermediate.dense.weight.copy_(weight[neurons])
    ours.intermediate.dense.bias.copy_(bias[neurons])
    ours.output.dense.weight.copy_(outward @ restore)
    ours.output.dense.bias.copy_(theirs.output.dense.bias[kept] + outward @ constant)
    total = ours.output.dense(inner[:, neurons]) + flat
    _fit_layer_norm(ours.output.LayerNorm, total, sample.hidden[target][:, kept])
    result = torch.zeros_like(states)
    result[sample.mask] = ours.output.LayerNorm(total)
    return result


def _factor_heads(
    parts: list[tuple[Tensor, Tensor]], states: Tensor, outward: Tensor, heads: int, size: int
) -> list[tuple[Tensor, Tensor]]:
    """Give every head the best approximation of its products with fewer dimensions."""
    queries, keys, values, outputs = [], [], [], []
    (w_query, b_query), (w_key, b_key), (w_value, b_value) = parts
    for block in torch.arange(len(w_query)).chunk(heads):
        q, k, v = (states @ w[block].T + b[block] for w, b in parts)
        root_q, root_k, root_v = (_root(x) for x in (q, k, v))
        # q . k is what attention uses: the best rank in the metric of the data's q and k.
        left, singular, right = torch.linalg.svd(root_q @ root_k)
        weight = singular[:size].sqrt()
        to_query = (weight[:, None] * left[:, :size].T) @ torch.linalg.inv(root_q)
        to_key = (weight[:, None] * right[:size]) @ torch.linalg.inv(root_k)
        to_query = to_query * (size / len(block)) ** 0.5  # BERT divides by the head's root size
        queries.append((to_query @ w_query[block], to_query @ b_query[block]))
        keys.append((to_key @ w_key[block], to_key @ b_key[block]))
        left, singular, right = torch.linalg.svd(outward[:, block] @ root_v, full_matrices=False)
        to_value = right[:size] @ torch.linalg.inv(root_v)
        values.append((to_value @ w_value[block], to_value @ b_value[block]))
        outputs.append((left[:, :size] * singular[:size], torch.zeros(0)))
    joined = [
        (torch.cat([w for w, _ in part]), torch.cat([b for _, b in part]))
        for part in (queries, keys, values)
    ]
    return [*joined, (torch.cat([w for w, _ in outputs], dim=1), torch.zeros(0))]


def _compose(linear: nn.Linear, read: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """The layer that sees only what `read` restores."""
    return linear.weight @ read, linear.bias + linear.weight @ offset


def _root(values: Tensor) -> Tensor:
    """Symmetric square root of the second moments."""
    moments = values.T @ values / len(values)
    eigenvalues, vectors = torch.linalg.eigh(moments)
    roots = eigenvalues.clamp(min=_RIDGE * float(eigenvalues.mean())).sqrt()
    root: Tensor = (vectors * roots) @ vectors.T
    return root


def _least_squares(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Weight (targets, inputs) and bias with the smallest squared error."""
    mean_in, mean_out = inputs.mean(dim=0), targets.mean(dim=0)
    centred = (inputs - mean_in).double()
    gram = centred.T @ centred
    gram += _RIDGE * gram.diagonal().mean() * torch.eye(len(gram))
    weight = torch.linalg.solve(gram, centred.T @ (targets - mean_out).double()).T.float()
    return weight, mean_out - weight @ mean_in


def _fit_layer_norm(norm: nn.LayerNorm, total: Tensor, target: Tensor) -> None:
    """Scale and shift each dimension to its target."""
    plain = layer_norm(total, norm.normalized_shape, eps=norm.eps)
    centred = plain - plain.mean(dim=0)
    scale = (centred * target).mean(dim=0) / centred.square().mean(dim=0).clamp(min=1e-6)
    norm.weight.copy_(scale)
    norm.bias.copy_(target.mean(dim=0) - scale * plain.mean(dim=0))
