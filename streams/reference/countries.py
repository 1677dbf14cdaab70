"""Countries by name: published lists write flags as words, AIS has country codes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TABLE: Final = """
AD Andorra|AE United Arab Emirates;UAE|AG Antigua and Barbuda;Antigua & Barbuda;Antigua|AI Anguilla|AL Albania
AM Armenia|AO Angola|AR Argentina|AT Austria|AU Australia|AW Aruba|AZ Azerbaijan|BA Bosnia and Herzegovina
BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BM Bermuda
BN Brunei;Brunei Darussalam|BO Bolivia|BR Brazil|BS Bahamas;The Bahamas|BW Botswana|BY Belarus|BZ Belize|CA Canada
CD Democratic Republic of the Congo;DR Congo|CF Central African Republic|CG Republic of the Congo;Congo
CH Switzerland|CI Cote d'Ivoire;Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon
CN China;People's Republic of China;PRC|CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde;Cabo Verde|CW Curacao
CY Cyprus|CZ Czech Republic;Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria
EC Ecuador|EE Estonia|EG Egypt|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands
FM Micronesia;Federated States of Micronesia|FO Faroe Islands;Faeroe Islands|FR France|GA Gabon
GB United Kingdom;UK;Great Britain|GD Grenada|GE Georgia|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia;The Gambia
GN Guinea|GQ Equatorial Guinea|GR Greece|GT Guatemala|GW Guinea-Bissau|GY Guyana|HK Hong Kong;Hong Kong, China
HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|IQ Iraq
IR Iran;Islamic Republic of Iran;Iran, Islamic Republic of|IS Iceland|IT Italy|JM Jamaica|JO Jordan|JP Japan
KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros;Union of Comoros
KN Saint Kitts and Nevis;St Kitts and Nevis;St. Kitts & Nevis;St Kitts & Nevis
KP Democratic People's Republic of Korea;North Korea;DPRK;Korea, North;Korea (North)
KR Republic of Korea;South Korea;Korea, South|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon
LC Saint Lucia;St Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia
LY Libya|MA Morocco|MC Monaco|MD Moldova;Republic of Moldova|ME Montenegro|MG Madagascar
MH Marshall Islands;Republic of the Marshall Islands|MK North Macedonia|ML Mali|MM Burma;Myanmar|MN Mongolia
MO Macau;Macao|MR Mauritania|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique
NA Namibia|NE Niger|NG Nigeria|NI Nicaragua|NL Netherlands;The Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue
NZ New Zealand|OM Oman|PA Panama;Republic of Panama|PE Peru|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland
PT Portugal;Madeira|PW Palau|PY Paraguay|QA Qatar|RO Romania|RS Serbia
RU Russia;Russian Federation;The Russian Federation|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles
SD Sudan|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia
SR Suriname|SS South Sudan|ST Sao Tome and Principe;Sao Tome & Principe|SV El Salvador|SY Syria;Syrian Arab Republic
SZ Swaziland;Eswatini|TC Turks and Caicos Islands|TD Chad|TG Togo|TH Thailand|TJ Tajikistan
TL Timor-Leste;East Timor|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey;Turkiye|TT Trinidad and Tobago|TV Tuvalu
TW Taiwan|TZ Tanzania;United Republic of Tanzania;Zanzibar|UA Ukraine|UG Uganda
US United States;United States of America;USA|UY Uruguay|UZ Uzbekistan
VC Saint Vincent and the Grenadines;St Vincent & Grenadines;St. Vincent and the Grenadines;St Vincent and the Grenadines
VE Venezuela|VG British Virgin Islands;Virgin Islands, British|VN Vietnam;Viet Nam|VU Vanuatu|WS Samoa|YE Yemen
ZA South Africa|ZM Zambia|ZW Zimbabwe
"""
_LETTERS: Final = re.compile(r"[^a-z]+")


def _plain(name: str) -> str:
    ascii_ = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _LETTERS.sub(" ", ascii_.lower()).strip()


_NAMES: Final = {
    _plain(name): entry[:2] for entry in re.split(r"[|\n]", _TABLE.strip()) for name in entry[3:].split(";")
}
_CODES: Final = frozenset(_NAMES.values())
_NO_FLAG: Final = frozenset(
    {"none identified", "none", "unknown", "stateless", "not known", "n a", "no flag", "false flag"}
)


def country_code(name: str) -> str | None:
    """The ISO 3166 code of a country's name (or code); None for nothing, no flag, or a name that is not known."""
    plain = _plain(name)
    if plain in _NO_FLAG:
        return None
    code = name.strip().upper()
    return _NAMES.get(plain) or (code if code in _CODES else None)


def is_country(name: str) -> bool:
    """Whether ``country_code`` understands ``name``, including "no flag"."""
    plain = _plain(name)
    return not plain or plain in _NO_FLAG or country_code(name) is not None
