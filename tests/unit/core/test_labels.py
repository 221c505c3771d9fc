import pytest
from messages import says

from repscape.core.errors import DataError
from repscape.core.labels import check_equal


def test_equal_labels_pass():
    check_equal("image", ["a", "b"], "one.nc", ["a", "b"], "two.nc")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (["a", "c", "b"], "image 1 … b … c"),
        (["a", "b"], "3 … 2"),
        (["x", "b", "c"], "image 0 … a … x"),
        ([], "3 … 0"),
    ],
)
def test_the_first_difference_is_named_with_both_files(second, said):
    with pytest.raises(DataError) as caught:
        check_equal("image", ["a", "b", "c"], "one.nc", second, "two.nc")
    says(str(caught.value), "one.nc … two.nc", said)
