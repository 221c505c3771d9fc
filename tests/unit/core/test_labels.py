import pytest

from repscape.core.errors import DataError
from repscape.core.labels import check_equal


def test_equal_labels_pass():
    check_equal("image", ["a", "b"], "one.nc", ["a", "b"], "two.nc")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (["a", "c", "b"], "image 1 is b in the first and c in the second"),
        (["a", "b"], "the first has 3 images, the second 2"),
        (["x", "b", "c"], "image 0 is a in the first and x in the second"),
        ([], "the first has 3 images, the second 0"),
    ],
)
def test_the_first_difference_is_named_with_both_files(second, said):
    with pytest.raises(DataError) as caught:
        check_equal("image", ["a", "b", "c"], "one.nc", second, "two.nc")
    assert said in str(caught.value)
    assert "one.nc" in str(caught.value)
    assert "two.nc" in str(caught.value)
