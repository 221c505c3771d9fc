from repscape.figures.lib.rdm_names import naming_labels


def test_labels_of_one_source():
    cells = {"layer": ["a", "b"], "source": ["net", "net"], "size": ["10", "20"], "metric": ["x", "x"]}
    assert naming_labels(cells) == ["layer", "size"]
    assert naming_labels({"layer": ["a"]}) == []


def test_what_follows_from_the_source_is_left_out():
    cells = {
        "layer": ["block1", "IT", "IT"],
        "source": ["net", "monkey", "people"],
        "metric": ["correlation", "correlation", "judged"],
        "size": ["all", "", ""],
        "subject": ["", "", "BE"],
    }
    assert naming_labels(cells) == ["source", "layer"]


def test_what_differs_within_a_source():
    cells = {"layer": ["a", "IT", "IT"], "source": ["net", "people", "people"], "subject": ["", "BE", "KO"]}
    assert naming_labels(cells) == ["source", "layer", "subject"]
