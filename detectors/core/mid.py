"""Maritime identification digits: which administration an MMSI belongs to (ITU, table of MIDs)."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

_TABLE: Final = """
201AL 202AD 203AT 204PT 205BE 206BY 207BG 208VA 209CY 210CY 211DE 212CY 213GE 214MD 215MT 218DE 219DK 220DK 224ES 225ES
226FR 227FR 228FR 229MT 230FI 231FO 232GB 233GB 234GB 235GB 236GI 237GR 238HR 239GR 240GR 241GR 242MA 243HU 244NL 245NL
246NL 247IT 248MT 249MT 250IE 251IS 252LI 253LU 254MC 255PT 256MT 257NO 258NO 259NO 261PL 262ME 263PT 264RO 265SE 266SE
267SK 268SM 269CH 270CZ 271TR 272UA 273RU 274MK 275LV 276EE 277LT 278SI 279RS 301AI 303US 304AG 305AG 306CW 307AW 308BS
309BS 310BM 311BS 312BZ 314BB 316CA 319KY 321CR 323CU 325DM 327DO 329GP 330GD 331GL 332GT 334HN 336HT 338US 339JM 341KN
343LC 345MX 347MQ 348MS 350NI 351PA 352PA 353PA 354PA 355PA 356PA 357PA 358PR 359SV 361PM 362TT 364TC 366US 367US 368US
369US 370PA 371PA 372PA 373PA 374PA 375VC 376VC 377VC 378VG 379VI 401AF 403SA 405BD 408BH 410BT 412CN 413CN 414CN 416TW
417LK 419IN 422IR 423AZ 425IQ 428IL 431JP 432JP 434TM 436KZ 437UZ 438JO 440KR 441KR 443PS 445KP 447KW 450LB 451KG 453MO
455MV 457MN 459NP 461OM 463PK 466QA 468SY 470AE 471AE 472TJ 473YE 475YE 477HK 478BA 501TF 503AU 506MM 508BN 510FM 511PW
512NZ 514KH 515KH 516CX 518CK 520FJ 523CC 525ID 529KI 531LA 533MY 536MP 538MH 540NC 542NU 544NR 546PF 548PH 550TL 553PG
555PN 557SB 559AS 561WS 563SG 564SG 565SG 566SG 567TH 570TO 572TV 574VN 576VU 577VU 578WF 601ZA 603AO 605DZ 607TF 608SH
609BI 610BJ 611BW 612CF 613CM 615CG 616KM 617CV 618TF 619CI 620KM 621DJ 622EG 624ET 625ER 626GA 627GH 629GM 630GW 631GQ
632GN 633BF 634KE 635TF 636LR 637LR 638SS 642LY 644LS 645MU 647MG 649ML 650MZ 654MR 655MW 656NE 657NG 659NA 660RE 661RW
662SD 663SN 664SC 665SH 666SO 667SL 668ST 669SZ 670TD 671TG 672TN 674TZ 675UG 676CD 677TZ 678ZM 679ZW 701AR 710BR 720BO
725CL 730CO 735EC 740FK 745GF 750GY 755PY 760PE 765SR 770UY 775VE
"""
MID_COUNTRY: Final = {int(entry[:3]): entry[3:] for entry in _TABLE.split()}
"""MID -> ISO 3166 country code."""

Station = Literal["vessel", "coast", "aircraft", "beacon", "craft", "aid", "other"]


def station_of(mmsi: int) -> Station:
    """The kind of station of an MMSI, by its leading digits (ITU-R M.585)."""
    digits = f"{mmsi:09d}"
    if digits.startswith("00"):
        return "coast"
    for prefix, station in _PREFIXES:
        if digits.startswith(prefix):
            return station
    return "vessel" if digits[0] in "234567" else "other"


_PREFIXES: Final[tuple[tuple[str, Station], ...]] = (
    ("111", "aircraft"),
    ("970", "beacon"),
    ("972", "beacon"),
    ("974", "beacon"),
    ("98", "craft"),
    ("99", "aid"),
)


def flag_of(mmsi: int) -> str | None:
    """ISO code of the flag that a vessel's MMSI claims; None if its MID is not a country."""
    return MID_COUNTRY.get(mmsi // 1_000_000)


def invalid_form_of(mmsi: int) -> str | None:
    """What is wrong with the MMSI of a vessel, as words for a fact; None if its form is that of a ship or craft."""
    pattern = PATTERN if mmsi in PATTERNS else None
    return "; ".join(filter(None, (_wrong_form(mmsi), pattern))) or None


def _wrong_form(mmsi: int) -> str | None:
    digits, station = f"{mmsi:09d}", station_of(mmsi)
    if len(digits) > _DIGITS:
        return f"{len(digits)} digits"
    country = digits[2:5] if station == "craft" else digits[:3]
    if station in {"vessel", "craft"}:
        return None if int(country) in MID_COUNTRY else f"{country} is not a country code"
    if station == "coast" and int(digits[2:5]) not in MID_COUNTRY:
        return f"{len(str(mmsi))} digits"
    if station == "other" and mmsi < _LEAST:
        return f"{len(str(mmsi))} digits"
    return _ODD[station]


_DIGITS: Final = 9
_LEAST: Final = 100_000_000
_ODD: Final[dict[Station, str]] = {
    "coast": "number of a coast station",
    "aircraft": "number of an aircraft",
    "beacon": "number of a distress beacon",
    "aid": "number of an aid to navigation",
    "other": "not a vessel's number",
}


PATTERN: Final = "a pattern of digits, often a placeholder"
PATTERNS: Final = frozenset(
    {
        *(int(digit * _DIGITS) for digit in "123456789"),
        123_456_789,
        234_567_890,
        987_654_321,
        1_193_046,  # 0x123456, the default of some transponders
    }
)
"""Numbers that are typed or left in place of an assigned one, whatever their form."""
_ONE_DIGIT: Final = np.uint32(111_111_111)
_OTHER_PATTERNS: Final = tuple(np.uint32(number) for number in sorted(PATTERNS) if number % 111_111_111)
_FIRST: Final = 1_000_000  # the first three of nine digits
_COAST_MID: Final = 10_000  # the third to the fifth of nine digits
_COAST_BELOW: Final = 10_000_000  # nine digits that begin with 00


def _is_of_a_form(first: int) -> bool:
    """Whether three first digits are those of a ship of a country, or of a station with a form of its own."""
    ship = first in MID_COUNTRY
    handheld, craft_or_aid = first // 100 == 8, first // 10 in {98, 99}  # noqa: PLR2004 - ITU-R M.585
    return ship or handheld or craft_or_aid or first in {111, 970, 972, 974}


_OF_A_FORM: Final = np.asarray([*(_is_of_a_form(first) for first in range(1000)), False])
"""By the first three digits; the last is for numbers of more than nine."""
_COUNTRY: Final = np.asarray([first in MID_COUNTRY for first in range(1000)])


_MAY_BE_ODD: Final = np.append(
    ~np.asarray([_is_of_a_form(first) for first in range(1000)]), np.ones((1 << 32) // _FIRST - 999, bool)
)
_MAY_BE_ODD[[number // _FIRST for number in PATTERNS]] = True


def may_be_of_no_form(mmsis: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Of which numbers to ask ``are_of_no_form``: the first digits of the others show that they have one."""
    found: npt.NDArray[np.bool_] = _MAY_BE_ODD[mmsis // np.uint32(_FIRST)]
    return found


def are_of_no_form(mmsis: npt.NDArray[np.unsignedinteger[Any]]) -> npt.NDArray[np.bool_]:
    """Which numbers are of no form of ITU-R M.585, or patterns.

    Forms are those of ships, of handheld radios, craft, aids, aircraft, beacons, and of coast stations of a country.
    """
    wrong = ~_OF_A_FORM[np.minimum(mmsis // _FIRST, len(_OF_A_FORM) - 1)]
    coast = np.flatnonzero(mmsis < _COAST_BELOW)
    if len(coast):
        wrong[coast] &= ~_COUNTRY[mmsis[coast] // _COAST_MID]
    wrong |= mmsis % _ONE_DIGIT == 0
    for pattern in _OTHER_PATTERNS:
        wrong |= mmsis == pattern
    return np.asarray(wrong)


def flagged(mmsi: int) -> str:
    """``273111000 RU``; if the number has no flag, the number alone."""
    return " ".join(filter(None, (str(mmsi), flag_of(mmsi))))
