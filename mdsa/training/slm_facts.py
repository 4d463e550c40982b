"""Made-up facts with questions: names and figures that no model has seen and must copy."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["Fact", "draw_entity", "draw_fact", "entity_kinds", "fill", "listed"]


def listed(text: str, mark: str | None = None) -> list[str]:
    """Items of a text, parted by a mark or by spaces."""
    return text.split(mark)


_FIRST = listed(
    "Ines Marek Tova Aleksi Priya Dario Wen Fatou Bram Noor Kofi Lucia Yuki Omar Greta Silvan Hana "
    "Pavel Ada Tomas Leila Jonas Amara Rafael Mina Ewan Zofia Karim Elin Mateo"
)
_LAST = listed(
    "Borg Kovac Lindqvist Okafor Tanaka Moreau Castell Vance Haddad Petrov Nakamura Silva Brandt "
    "Oyelaran Fischer Duarte Novak Ibarra Keller Sato Mbeki Larsen Quint Rossi Adeyemi Wolff"
)
_PLACE_NAMES = listed(
    "Alder Harbour Kestrel Linden Meridian Northgate Old Mill Quarry Riverside Saffron Tidewater "
    "Umber Westfield Orchard Granite Juniper Copper Lantern Marlow Bramble Fenwick Hollis"
)
_PLACES = listed(
    "rowing club|library|museum|clinic|swimming pool|bakery|climbing hall|theatre|repair workshop|"
    "garden centre|community college|food bank|car park|help desk|archive|language school|gym|"
    "dental practice|bicycle station|housing office|music school|shelter|post office|tax office",
    "|",
)
_THING_NAMES = listed(
    "Aster Basalt Cirrus Drift Ember Flint Glacier Helio Iris Jetty Kiln Lumen Mesa Nimbus Onyx "
    "Pine Quill Ridge Sable Terra Vega Willow Zephyr Cobalt Fern Harrier"
)
_THINGS = listed(
    "tent|kayak|bicycle|sewing machine|ladder|projector|drill|cookbook|board game|suitcase|pram|"
    "rucksack|microscope|guitar|lawn mower|sleeping bag|desk lamp|day pass|parking permit|locker",
    "|",
)
_DEVICES = listed(
    "washer|oven|router|thermostat|watch|printer|vacuum|heat pump|scanner|dishwasher|camera|boiler|"
    "charging station|hearing aid|projector|alarm panel|coffee machine|tablet",
    "|",
)
_CLOTHES = listed("jacket|scarf|wool jumper|raincoat|fleece|shirt|curtain|duvet|blanket|hat", "|")
_DRUGS = listed(
    "Velorin Cadomex Trisulan Obexol Namitrel Parvadine Lumirex Seltovan Dorexin Halcitol Brevamil "
    "Ostralin Fenicor Zantrex Mirolane"
)
_CITIES = listed(
    "Brennholm Castel Verde Dunmore Eastwick Port Amel Halden Lisgrove Marbury Norrvik Ravello "
    "Stanmore Tarn Ulverton Vellore"
)
_STREETS = listed(
    "Mill Lane|Canal Street|Poplar Road|Station Square|Cooper's Row|Hill Terrace|Market Street|"
    "Weaver Street|Abbey Close|Dock Road",
    "|",
)
_DAYS = listed("Mondays Tuesdays Wednesdays Thursdays Fridays Saturdays Sundays")
_MONTHS = listed(
    "January February March April May June July August September October November December"
)
_COLOURS = listed("red green black navy grey sand olive rust white teal plum mustard")
_CAUSES = listed(
    "the filter is blocked|the door is open|the pump is worn|the water is too cold|the sensor is "
    "dirty|the cable is loose|the fan is stuck|the tank is empty|the pressure is too low|the "
    "memory card is full|the belt has slipped|the battery is too warm",
    "|",
)
_BUTTONS = listed("power start menu side reset volume mode")
_FORMS = listed(
    "form {c}|a signed copy of form {c}|a passport|two photos|an invitation letter", "|"
)
_BRANDS = listed("Voltix Ampera Chargo Luxon Powrel Enerva")
_NUMBERS = listed("two three four five six seven eight nine ten twelve fifteen twenty")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact with its question.

    Attributes:
        text: a sentence of a passage.
        question: that it answers.
        answer: a sentence.
        entity: what it is about.
        kind: of the entity.
        frame: its row in the table; two facts of one row and different entities are near misses.
    """

    text: str
    question: str
    answer: str
    entity: str
    kind: str
    frame: int


def entity_kinds() -> list[str]:
    """Kinds of entities that facts are about."""
    return sorted({kind for *_, kind in _frames()})


def draw_entity(kind: str, rng: random.Random) -> str:
    """A name that is nobody's."""
    if kind == "place":
        return f"{rng.choice(_PLACE_NAMES)} {rng.choice(_PLACES)}"
    if kind == "drug":
        return rng.choice(_DRUGS)
    things = {"thing": _THINGS, "device": _DEVICES, "cloth": _CLOTHES}[kind]
    number = f" {rng.choice([10, 20, 40, 200, 300, 45])}" if rng.random() < 0.25 else ""
    return f"{rng.choice(_THING_NAMES)}{number} {rng.choice(things)}"


def draw_fact(rng: random.Random, entity: str, kind: str, frame: int | None = None) -> Fact:
    """A fact about an entity, of a given row or of any that fits its kind."""
    fitting = [number for number, row in enumerate(_frames()) if row[3] == kind]
    number = rng.choice(fitting) if frame is None else frame
    texts, questions, answer, _ = _frames()[number]
    values = {"e": entity, **fill(rng)}
    return Fact(
        _capital(rng.choice(texts).format(**values)).replace(".m..", ".m."),
        _capital(rng.choice(questions).format(**values)),
        _capital(answer.format(**values)).replace(".m..", ".m."),
        entity,
        kind,
        number,
    )


def fill(rng: random.Random) -> dict[str, str]:
    """A value for every slot of the table."""
    year = rng.randint(1875, 2024)
    money = rng.choice(
        [str(rng.randint(2, 90)), f"{rng.randint(1, 60)}.{rng.choice([25, 50, 90])}"]
    )
    hour = rng.randint(6, 22)
    minute = rng.choice(["00", "15", "30", "45"])
    colours = rng.sample(_COLOURS, 3)
    number = rng.choice([str(rng.randint(3, 90)), rng.choice(_NUMBERS)])
    small = rng.choice([str(rng.randint(2, 45)), rng.choice(_NUMBERS)])
    code = f"{rng.choice('EFCHPW')}{rng.randint(1, 99):02d}"
    drugs = rng.sample(_DRUGS, 2)
    return {
        "money": rng.choice([f"${money}", f"{money} euros", f"£{money}"]),
        "time": rng.choice(
            [f"{hour}:{minute}", f"{(hour - 1) % 12 + 1} {'a.m.' if hour < 12 else 'p.m.'}"]
        ),
        "day": rng.choice(_DAYS),
        "days": f"{small} {rng.choice(['days', 'working days', 'business days'])}",
        "years": f"{rng.choice([str(rng.randint(2, 10)), rng.choice(_NUMBERS[:5])])} years",
        "months": f"{rng.choice([str(rng.randint(2, 24)), rng.choice(_NUMBERS)])} months",
        "hours": f"{small} hours",
        "seconds": f"{small} seconds",
        "person": f"{rng.choice(_FIRST)} {rng.choice(_LAST)}",
        "phone": f"{rng.randint(200, 999)}-555-{rng.randint(1000, 9999)}",
        "year": str(year),
        "weight": rng.choice([f"{rng.randint(1, 40)} kg", f"{rng.randint(100, 950)} grams"]),
        "length": f"{rng.randint(10, 240)} cm",
        "code": code,
        "cause": rng.choice(_CAUSES),
        "button": rng.choice(_BUTTONS),
        "percent": f"{rng.choice([5, 8, 10, 12, 15, 20, 25, 30])} percent",
        "number": number,
        "city": rng.choice(_CITIES),
        "street": f"{rng.randint(1, 180)} {rng.choice(_STREETS)}",
        "date": f"{rng.choice(_MONTHS)} {rng.randint(1, 28)}, {rng.randint(2025, 2028)}",
        "degrees": f"{rng.choice([30, 40, 60, 20])} °C",
        "colour": colours[0],
        "colour2": colours[1],
        "colour3": colours[2],
        "form": rng.choice(_FORMS).format(c=f"{rng.choice('ABKQ')}-{rng.randint(10, 99)}"),
        "brand": rng.choice(_BRANDS),
        "mg": f"{rng.choice([5, 10, 25, 40, 75, 120, 250])} mg",
        "drug2": drugs[0],
    }


@lru_cache(maxsize=1)
def _frames() -> list[tuple[list[str], list[str], str, str]]:
    lines = (Path(__file__).parent / "slm_fact_table.txt").read_text(encoding="utf-8").splitlines()
    return [_frame(line) for line in lines if line and not line.startswith("#")]


def _frame(line: str) -> tuple[list[str], list[str], str, str]:
    body, kind = line.split(" :: ")
    texts, questions, answer = body.split(" || ")
    return texts.split(" | "), questions.split(" | "), answer, kind.strip()


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
