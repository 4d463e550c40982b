"""What kind of thing a question asks for, and whether a sentence holds one.

The idea is the classic one of question answering before neural readers: Li and Roth, "Learning
Question Classifiers" (COLING 2002). The classes here are the coarse ones that patterns decide well.
"""

from __future__ import annotations

import re
from enum import StrEnum

from mdsa.models.reader.words import STOP_WORDS

__all__ = ["AnswerType", "expected_type", "holds"]


class AnswerType(StrEnum):
    """What a question asks for."""

    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    DURATION = "duration"
    TIME = "time"
    PERSON = "person"
    PLACE = "place"
    PHONE = "phone"
    EMAIL = "email"
    CONTACT = "contact"
    STEPS = "steps"
    REASON = "reason"
    YES_NO = "yes_no"
    OTHER = "other"


_NUMBER_WORD = (
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    r"ninety|hundred|thousand|million|billion|dozen|several|no|none|unlimited)"
)
_NUMBER = rf"(?:\d[\d,.]*|{_NUMBER_WORD})"
_SPAN = r"(?:second|minute|hour|day|night|week|weekend|fortnight|month|quarter|year|decade|centur)"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan\.?|feb\.?|mar\.?|apr\.?|jun\.?|jul\.?|aug\.?|sept?\.?|oct\.?|nov\.?|dec\.?)"
)

_PHONE = r"\+?\d[\d\s().-]{6,}\d|\b\d{3}-\d{4}\b"
_EMAIL = r"[\w.+-]+@[\w-]+\.\w+"

_QUESTIONS: tuple[tuple[AnswerType, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (AnswerType.PERCENT, r"\b(what|which) (percentage|percent|proportion|share)\b"),
        (
            AnswerType.DURATION,
            r"\bhow (long|soon|quickly|fast)\b|\bhow (many|much) (business |working |calendar |"
            r"more )?"
            r"(seconds|minutes|hours|days|nights|weeks|months|years|decades|time)\b"
            r"|\bwhat is the (duration|deadline|time limit)\b",
        ),
        (
            AnswerType.MONEY,
            r"\bhow (much|expensive)\b.*\b(cost|costs|pay|paid|charge[ds]?|fees?|price[ds]?|spend|"
            r"spent|worth|earn|owe|money|deposit|due|refund(ed)?)\b|\bhow (much|expensive) (is|"
            r"are|was|"
            r"were|does|do|did|would|will)\b(?!.*\b(weigh|percent))|\bwhat('s| is| are| was|"
            r" were| does|"
            r" do| did)\b.*\b(price|cost|costs|fee|fees|charge|charges|rate)\b",
        ),
        (
            AnswerType.COUNT,
            r"\bhow (many|much|big|large|tall|high|far|heavy|deep|wide|old|often)\b",
        ),
        (AnswerType.COUNT, r"\b(what|which) (number|amount|quantity|size|population|age|limit)\b"),
        (
            AnswerType.TIME,
            r"\bwhen\b(?!ever)|\b(what|which) (time|year|date|day|month|century|decade|era)\b"
            r"|\bopening (hours|times)\b|\bwhat (hours|times)\b|\bsince when\b|\bby when\b",
        ),
        (
            AnswerType.PHONE,
            r"\b(phone|telephone|hotline|fax)\b.*\bnumber|\bnumber\b.*\b(call|phone)\b",
        ),
        (AnswerType.EMAIL, r"\be-?mail address\b|\bwhat('s| is) (the|your) e-?mail\b"),
        (
            AnswerType.CONTACT,
            r"\b(contact|url|website|link|web ?page)\b.*\b(number|details?|you|support|us|page|"
            r"link)\b"
            r"|\bhow (do|can) i (contact|reach|call|e-?mail|phone)\b"
            r"|\bwhat('s| is) (the|your) (website|url|link)\b",
        ),
        (
            AnswerType.STEPS,
            r"\bhow (do|can|could|should|would|to|must|might) ?(i|we|you|one|someone|customers?|"
            r"users?|"
            r"a|the|my)?\b|\bsteps?\b|\bwhat (do|should|must) i do\b|\bprocedure\b|"
            r"\binstructions?\b",
        ),
        (AnswerType.REASON, r"\bwhy\b|\bwhat (is the )?reason\b|\bhow come\b"),
        (AnswerType.PERSON, r"\b(who|whom|whose)\b|\bwhat (person|man|woman)\b"),
        (
            AnswerType.PLACE,
            r"\bwhere\b|\b(what|which) (city|country|state|place|location|region|town|area|"
            r"continent|address|street|building|river|island|venue|stadium)\b",
        ),
        (
            AnswerType.YES_NO,
            r"^\W*(?:(?:and|so|but|also|ok|okay|please|hi|hello)\W+)*(?:is|are|was|were|do|does|"
            r"did|can|"
            r"could|will|would|should|must|may|has|have|had|am|isn't|aren't|don't|doesn't|can't)\b",
        ),
    )
)

_EVIDENCE: dict[AnswerType, re.Pattern[str]] = {
    AnswerType.COUNT: re.compile(
        rf"\b{_NUMBER}\b|\b(once|twice|daily|weekly|monthly)\b", re.IGNORECASE
    ),
    AnswerType.MONEY: re.compile(
        rf"[$€£¥₹]\s?\d|\b\d[\d,.]*\s?(?:%|(?:percent|dollars?|cents?|euros?|pounds?|usd|eur|gbp|"
        rf"inr|"
        rf"rupees?|yen|francs?)\b)|\b{_NUMBER_WORD} (?:dollars|euros|pounds)\b|"
        r"\b(?:free|no (?:extra |additional )?(?:charge|cost|fee)|refundable)\b",
        re.IGNORECASE,
    ),
    AnswerType.PERCENT: re.compile(
        rf"\d\s?%|\b{_NUMBER} (?:percent|per cent)\b|\b(half|third)\b", re.IGNORECASE
    ),
    AnswerType.DURATION: re.compile(
        rf"\b{_NUMBER}(?:\s?(?:-|–|to|or)\s?{_NUMBER})?[\s-]+(?:\w+\s)?{_SPAN}(?:s|y|"  # noqa: RUF001
        rf"ies)?\b"
        rf"|\b(?:a|an|next|same)[\s-](?:\w+\s)?{_SPAN}|\b(?:immediately|instantly|at once|"
        rf"overnight|"
        r"forever|lifetime|straight away|right away|indefinitely)\b",
        re.IGNORECASE,
    ),
    AnswerType.TIME: re.compile(
        rf"\b{_MONTH}\b|\b1\d{{3}}s?\b|\b20\d\ds?\b|\b\d{{1,2}}(:\d\d)?\s?[ap]\.?m\b|"
        rf"\b\d{{1,2}}:\d\d\b|"
        r"\b\d{1,2}(?:st|nd|rd|th)\b|\b\d{4}-\d\d-\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|"
        r"sun)days?\b|"
        rf"\b(?:morning|noon|midnight|evening|today|tomorrow|yesterday|century|weekend|weekdays|"
        rf"daily)\b|"
        rf"\b{_NUMBER} (?:\w+ )?{_SPAN}s?\b|\b(?:after|before|until|once|when|as soon as|during|"
        rf"every)\b",
        re.IGNORECASE,
    ),
    AnswerType.PHONE: re.compile(_PHONE),
    AnswerType.EMAIL: re.compile(_EMAIL),
    AnswerType.CONTACT: re.compile(
        rf"{_EMAIL}|https?://|\bwww\.|{_PHONE}|\b(?:contact form|live chat|chat)\b", re.IGNORECASE
    ),
    AnswerType.REASON: re.compile(
        r"\b(?:because|since|due to|so that|in order to|to (?:avoid|prevent|protect|keep|ensure|"
        r"make)|"
        r"reason|therefore|thus|caused?|as a result|result(?:ed|s)? (?:in|from)|owing|why|for)\b",
        re.IGNORECASE,
    ),
    AnswerType.STEPS: re.compile(
        r"(?:^|[,;:.] |\b(?:then|and|to|can|must|should|please|first|next) )(?:go|open|click|"
        r"select|choose|"
        r"press|hold|enter|type|tap|sign|log|visit|send|call|contact|fill|upload|download|install|"
        r"restart|turn|switch|unplug|plug|connect|reset|print|pack|drop|attach|use|follow|check|"
        r"submit|request|create|start|stop|wait|add|remove|change|update|reply|email|e-mail|return|"
        r"cancel|ask|present|show|bring|pay|apply|register|complete|write|provide|scan|search)\b",
        re.IGNORECASE,
    ),
}
_CAPITALISED = re.compile(r"\b[A-Z][\w'’.-]+")  # noqa: RUF001
_PLACE_CUE = re.compile(
    r"\b(?:in|at|on|from|to|near|into|under|inside|outside|between|across|through|along|behind|via|"
    r"within|around|throughout)\b",
    re.IGNORECASE,
)


def expected_type(question: str) -> AnswerType:
    """The kind of answer that a question asks for; OTHER where no pattern decides."""
    for kind, pattern in _QUESTIONS:
        if pattern.search(question):
            return kind
    return AnswerType.OTHER


def holds(kind: AnswerType, sentence: str, question: str) -> bool:
    """Whether a sentence holds a thing of this kind that the question did not name itself.

    OTHER and YES_NO ask for nothing that a pattern could find, and every sentence passes.
    """
    if kind in (AnswerType.OTHER, AnswerType.YES_NO):
        return True
    named = question.lower()
    if kind in (AnswerType.PERSON, AnswerType.PLACE):
        if kind is AnswerType.PLACE and not _PLACE_CUE.search(sentence):
            return False
        first = sentence.split(" ", 1)[0]
        for match in _CAPITALISED.finditer(sentence):
            word = match.group().rstrip(".'’").lower()  # noqa: RUF001
            if word in named or word in STOP_WORDS:
                continue
            if match.start() > 0 or first.lower() not in STOP_WORDS:
                return True
        # Support texts answer "where" and "who" without names: "in your account", "our team".
        return re.search(
            r"\b(?:your|our|my|you|we|the)\b", sentence, re.IGNORECASE
        ) is not None and (
            re.search(r"\b(?:we|our|your|you|team|agent)\b", sentence, re.IGNORECASE) is not None
        )
    return any(
        match.group().strip().lower() not in named for match in _EVIDENCE[kind].finditer(sentence)
    )
