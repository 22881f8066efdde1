from decimal import Decimal

import numpy as np

from semcache.course.predictions import verdict

SAID = [
    (None, 12, "You made no prediction; measured: 12."),
    (..., 12, "You made no prediction; measured: 12."),
    (12, 12.0, "You predicted 12; measured: 12. Right."),
    (24, 12, "You predicted 24; measured: 12. Too high by a factor of 2."),
    (5, 12, "You predicted 5; measured: 12. Too low by a factor of 2.4."),
    (1_000, 1_050, "You predicted 1,000; measured: 1,050. Close: within 10 %."),
    (0, 12, "You predicted 0; measured: 12. Too low by 12."),
    (3, 0, "You predicted 3; measured: 0. Too high by 3."),
    (-2, 2, "You predicted -2; measured: 2. Too low by 4."),
    (-4, -2, "You predicted -4; measured: -2. Too low by a factor of 2."),
    (0.24, Decimal("0.24"), "You predicted 0.24; measured: 0.24. Right."),
    (np.float32(0.5), np.int64(1), "You predicted 0.5; measured: 1. Too low by a factor of 2."),
    (1, 1e6, "You predicted 1; measured: 1,000,000. Too low by a factor of 1,000,000."),
    ("Yes ", "yes", "You predicted Yes; measured: yes. Right."),
    ("no", "yes", "You predicted no; measured: yes. Not this time."),
    (True, False, "You predicted True; measured: False. Not this time."),
    ("many", 3, "You predicted many; measured: 3. Not this time."),
    (float("inf"), 3, "You predicted inf; measured: 3. Too high by a factor of inf."),
]


def test_the_verdict_says_which_way_and_how_far():
    said = [verdict(guess, measured) for guess, measured, _ in SAID]
    assert said == [words for *_, words in SAID]


MEANT = [
    ("94%", 0.94, "", "Right"),
    ("94 %", 0.90, "", "Too high by 0.04"),
    ("94%", 94, "%", "Right"),
    ("0,94", 0.94, "", "Right"),
    ("1,500", 1500, "bytes", "Right"),
    ("1.500,5", 3, "", "Not this time"),
    ("12.", 12, "", "Right"),
    ("-3", 3, "", "Too low by 6"),
    ("about 12", 12, "", "Not this time"),
    ("no.", "no", "", "Right"),
    (False, "no", "", "Right"),
    (True, "no", "", "Not this time"),
    ("yes", True, "", "Right"),
    ("N", False, "", "Right"),
    ("earlier", "later", "", "Not this time"),
]


def test_a_guess_means_what_a_reader_would_take_it_for():
    said = [verdict(guess, found, what).split(". ")[-1] for guess, found, what, _ in MEANT]
    assert said == [f"{words}." for *_, words in MEANT]


def test_unit_follows_both_numbers():
    assert verdict(2, 1, "API calls") == (
        "You predicted 2 API calls; measured: 1 API calls. Too high by a factor of 2."
    )
