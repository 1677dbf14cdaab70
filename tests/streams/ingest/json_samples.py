"""Messages in JSON as published: AIS-catcher's documentation and source, aisstream's documentation and models."""

from typing import Any

BARE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
CATCHER: dict[str, Any] = {
    "class": "AIS", "device": "AIS-catcher", "version": "v0.68", "driver": 3, "hardware": "RTL-SDR",
    "rxtime": "20240304000005", "rxuxtime": 1709510405.25, "scaled": True, "channel": "A", "nmea": [BARE.decode()],
    "signalpower": -29.1, "ppm": 0.0, "type": 1, "mmsi": 227006760, "status": 0, "speed": 0.0, "lon": 0.131380,
    "lat": 49.475578, "course": 36.700001, "heading": 511, "second": 14,
}  # fmt: skip
AISSTREAM: dict[str, Any] = {
    "MessageType": "PositionReport",
    "MetaData": {
        "MMSI": 250013879, "MMSI_String": 250013879, "ShipName": "DINOPOTES           ", "latitude": 55.990715,
        "longitude": -3.183045, "time_utc": "2024-03-04 00:00:05.000340384 +0000 UTC",
    },
    "Message": {
        "PositionReport": {
            "Cog": 4.5, "CommunicationState": 59916, "Latitude": 55.990715, "Longitude": -3.183045, "MessageID": 3,
            "NavigationalStatus": 3, "PositionAccuracy": False, "Raim": False, "RateOfTurn": -128, "RepeatIndicator": 0,
            "Sog": 0, "Spare": 0, "SpecialManoeuvreIndicator": 0, "Timestamp": 36, "TrueHeading": 511,
            "UserID": 250013879, "Valid": True,
        }
    },
}  # fmt: skip
