"""Evidence: the raw sentences of an alert, and whether they were received by radio."""

from __future__ import annotations

from detectors.core.engine.alert_writer import evidence_of

SENTENCE = b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*23"


def test_a_received_sentence_is_evidence_with_its_station_and_time() -> None:
    (piece,) = evidence_of((b"\\s:PIER,c:1709510400000*00\\" + SENTENCE,))
    assert (piece.time, piece.source, piece.re_encoded) == ("2024-03-04T00:00:00.000Z", "PIER", False)
    assert piece.sentence == SENTENCE.decode()


def test_a_sentence_written_from_fields_is_never_shown_as_received() -> None:
    (piece,) = evidence_of((b"\\s:aisstream:re-encoded,c:1709510400000*00\\" + SENTENCE,))
    assert (piece.source, piece.re_encoded) == ("aisstream", True)
