"""What the reader's encoder is fitted to: the answer beats its rivals, and nothing beats no answer.

Three losses are added. Two let the sentences of one organisation compete to answer, as vectors of
whole texts and word by word (MaxSim of Khattab and Zaharia, "ColBERT", 2020). The third adds "none
of them" as one more choice to the mean of both, whose odds are learned, so that a question that no
sentence answers is far from all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mdsa.training.reader_network import Encoded

__all__ = ["AnswerLoss", "late_similarity"]

_NO_ANSWER = 14.0
"""Log-odds of no answer at the start: about what the mean of both comes to for an answer."""
_LATE_SCALE = 2.0
_IMPOSSIBLE = -1e4


class AnswerLoss(nn.Module):
    """The loss; its one parameter is how much no answer has to be beaten by.

    Args:
        temperature: cosines are divided by it.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, questions: Encoded, texts: Encoded, labels: Tensor) -> Tensor:
        """Mean over the questions.

        Args:
            questions: encoded.
            texts: encoded.
            labels: (questions, texts): 1 answers, 0 does not, below 0 is left out.
        """
        whole = questions.whole @ texts.whole.T / self.temperature
        late = late_similarity(questions, texts) * _LATE_SCALE / self.temperature
        answered = (labels > 0).any(1)
        none = torch.zeros(len(labels), 1)
        whole, late = (each.masked_fill(labels < 0, _IMPOSSIBLE) for each in (whole, late))
        both = (whole + late) / 2 - _NO_ANSWER + self.bias
        right = torch.where(answered, _log_sum(both, labels > 0), 0.0)
        against_none = torch.logsumexp(torch.cat([both, none], 1), 1) - right
        loss = against_none.mean()
        if answered.any():
            for scores in (whole, late):
                rivals = torch.logsumexp(scores, 1) - _log_sum(scores, labels > 0)
                loss = loss + rivals[answered].mean()
        return loss


def late_similarity(questions: Encoded, texts: Encoded) -> Tensor:
    """Mean over a question's tokens of the cosine to each text's nearest token.

    Returns:
        Shape (questions, texts).
    """
    products = torch.einsum(
        "qid,tjd->qtij", questions.tokens.bfloat16(), texts.tokens.bfloat16()
    ).float()
    best = products.masked_fill(texts.mask[None, :, None, :] == 0, -1.0).amax(-1)
    counts = questions.mask.sum(-1).clamp(min=1)
    return (best * questions.mask[:, None]).sum(-1) / counts[:, None]


def _log_sum(scores: Tensor, chosen: Tensor) -> Tensor:
    return torch.logsumexp(scores.masked_fill(~chosen, _IMPOSSIBLE), 1)
