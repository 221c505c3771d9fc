"""The form of remote addresses."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repscape.core.errors import AssetError
from repscape.io import addresses, asset_store, assets


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("https://host/a.png", "#sha256="),
        ("https://host/a.png#sha256=12", "64 hexadecimal digits"),
        (f"https://host/a.png#md5={'0' * 64}", "32"),
        (f"https://host/a.png#sha1={'0' * 40}", "#sha256="),
        (f"ftp://host/a.png#md5={'0' * 32}", "'https://' or 'pypi://'"),
        (f"http://host/a.png#md5={'0' * 32}", "'https://' or 'pypi://'"),
        (f"https:///a.png#md5={'0' * 32}", "https://HOST/PATH/FILE"),
        (f"https://host/#md5={'0' * 32}", "https://HOST/PATH/FILE"),
        (f"https://host/a%2F..%2F..%2Fb/..#md5={'0' * 32}", "without '..'"),
        (f"https://host/a/%2e%2e%2f%2e%2e%2fb#md5={'0' * 32}", "without '..'"),
        (f"https://host/a%5C..%5Cb#md5={'0' * 32}", "https://HOST/PATH/FILE"),
        (f"pypi://name/a.png#md5={'0' * 32}", "pypi://NAME==VERSION/PATH/INSIDE/WHEEL"),
        (f"pypi://--upgrade==1/a.png#md5={'0' * 32}", "pypi://NAME==VERSION/PATH/INSIDE/WHEEL"),
        (f"pypi://name==1/../a.png#md5={'0' * 32}", "without '..'"),
    ],
)
def test_a_malformed_address_is_refused(address, part):
    for function in (assets.check, assets.fetch, assets.each):
        with pytest.raises(AssetError) as error:
            function([address], "stimuli.x.path")
        assert part in str(error.value)
        assert str(error.value).startswith(f"stimuli.x.path: {address}: ")


@given(
    st.text(st.sampled_from("./\\%2eE5cC\0ab:~"), max_size=30),
    st.sampled_from(["https://h/", "pypi://n==1/"]),
)
def test_no_address_leads_out_of_the_cache(path, scheme):
    try:
        asset = addresses.parse(f"{scheme}{path}#md5={'0' * 32}", "here")
    except AssetError:
        return
    home = Path(os.path.realpath(asset_store.cache_folder()))
    assert Path(os.path.realpath(asset_store.cached(asset))).parent == home / ("0" * 32)


@pytest.mark.parametrize("host", ["[::1", "[zz]", "::1]"])
def test_a_malformed_address_of_the_web(host):
    with pytest.raises(AssetError, match=r"here: https://.*expected"):
        assets.check(f"https://{host}/a.png#sha256={'0' * 64}", "here")
