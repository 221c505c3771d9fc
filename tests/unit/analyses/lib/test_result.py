from repscape.analyses.lib.result import cells


def test_text_that_a_spreadsheet_would_compute_stays_text():
    """As OWASP has it for CSV injection; numbers, also as text, are none."""
    row = ["=cmd|' /C calc'!A0", "+1", "@x", "-2.png", "-30", "-1e-5", -2.5, 3, "", "a=b", "\tx", "1+1", None]
    assert cells(row) == [
        "'=cmd|' /C calc'!A0", "'+1", "'@x", "'-2.png", "-30", "-1e-5", -2.5, 3, "", "a=b",
        "'\tx", "1+1", None,
    ]  # fmt: skip
