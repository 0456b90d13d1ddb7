"""Addresses: one key for each way to write one, networks around them, and lists by the longest prefix."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup_plugins.security_rate_limiter.addresses import (
    INVALID,
    AddressLists,
    Listing,
    host_of,
    network_of,
    parse,
    site_of,
)


@given(st.ip_addresses())
def test_every_address_is_read_as_the_standard_library_reads_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    embedded = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if address in ipaddress.ip_network("64:ff9b::/96"):
        embedded = ipaddress.IPv4Address(address.packed[12:])
    assert parse(str(address)) == (embedded or address).packed


@given(st.text(max_size=80))
def test_whatever_is_no_address_is_invalid_and_raises_nothing(text: str) -> None:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        assert parse(text) == INVALID


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "localhost",
        "1.2.3",
        "1.2.3.4:80",
        "[::1]:80",
        "010.1.1.1",
        "1.2.3.4\x00",
        " 1.2.3.4",
        "\ud800",
        "1" * 10_000,
    ],
)
def test_garbage_is_invalid(garbage: str) -> None:
    assert parse(garbage) == INVALID


@pytest.mark.parametrize(
    "written",
    ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207", "0:0:0:0:0:FFFF:192.0.2.7", "64:ff9b::192.0.2.7"],
)
def test_ipv4_in_ipv6_is_the_ipv4_address(written: str) -> None:
    assert parse(written) == bytes([192, 0, 2, 7])


def test_a_zone_index_is_dropped() -> None:
    assert parse("fe80::1%eth0") == parse("fe80::1")


def test_bytes_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="got bytes"):
        parse(b"\x01\x02\x03\x04")  # type: ignore[arg-type]


def test_networks_are_24_for_ipv4_and_64_and_48_for_ipv6() -> None:
    v4, v6 = parse("192.0.2.7"), parse("2001:db8:1:2:3::7")
    assert network_of(v4) == network_of(parse("192.0.2.255")) != network_of(parse("192.0.3.7"))
    assert network_of(v6) == network_of(parse("2001:db8:1:2::")) != network_of(parse("2001:db8:1:3::"))
    assert site_of(v6) == site_of(parse("2001:db8:1:ffff::")) != site_of(parse("2001:db8:2:2::"))
    assert site_of(v4) is None
    assert host_of(v4) == v4
    assert host_of(v6) == network_of(v6)


def test_the_longest_prefix_counts() -> None:
    lists = AddressLists(allow=["10.1.0.0/16", "2001:db8::/32"], deny=["10.0.0.0/8", "10.1.2.3", "2001:db8:bad::/48"])
    found = {
        text: lists.find(parse(text))
        for text in (
            "10.9.9.9",
            "10.1.9.9",
            "10.1.2.3",
            "11.0.0.1",
            "2001:db8::1",
            "2001:db8:bad::1",
            "::ffff:10.9.9.9",
        )
    }
    assert found == {
        "10.9.9.9": Listing.DENIED,
        "10.1.9.9": Listing.ALLOWED,
        "10.1.2.3": Listing.DENIED,
        "11.0.0.1": Listing.UNLISTED,
        "2001:db8::1": Listing.ALLOWED,
        "2001:db8:bad::1": Listing.DENIED,
        "::ffff:10.9.9.9": Listing.DENIED,
    }


def test_a_network_on_both_lists_is_denied() -> None:
    assert AddressLists(["10.0.0.0/8"], ["10.0.0.0/8"]).find(parse("10.1.1.1")) is Listing.DENIED


def test_the_whole_internet_may_be_listed() -> None:
    lists = AddressLists(deny=["0.0.0.0/0", "::/0"])
    assert lists.find(parse("203.0.113.1")) is Listing.DENIED
    assert lists.find(parse("2001:db8::1")) is Listing.DENIED


@pytest.mark.parametrize("wide", ["::/0", "::/64", "::/80"])
def test_a_network_of_ipv6_covers_no_ipv4(wide: str) -> None:
    for text in ("203.0.113.1", "::ffff:203.0.113.1", "64:ff9b::203.0.113.1"):
        assert AddressLists(deny=[wide]).find(parse(text)) is Listing.UNLISTED
    assert AddressLists(deny=[wide]).find(parse("::1")) is Listing.DENIED


@pytest.mark.parametrize("entry", ["64:ff9b::192.0.2.0/120", "::ffff:192.0.2.0/120", "192.0.2.0/24"])
def test_a_network_of_ipv4_is_the_same_however_it_is_written(entry: str) -> None:
    lists = AddressLists(deny=[entry])
    for text in ("192.0.2.7", "::ffff:192.0.2.7", "64:ff9b::192.0.2.7"):
        assert lists.find(parse(text)) is Listing.DENIED
    assert lists.find(parse("192.0.3.7")) is lists.find(parse("64:ff9b::192.0.3.7")) is Listing.UNLISTED


@given(st.lists(st.ip_addresses(v=6), min_size=1, max_size=5), st.integers(0, 128), st.ip_addresses(v=6))
def test_lists_of_ipv6_agree_with_the_standard_library(
    bases: list[ipaddress.IPv6Address], length: int, address: ipaddress.IPv6Address
) -> None:
    networks = [ipaddress.ip_network(f"{base}/{length}", strict=False) for base in bases]
    packed = parse(str(address))
    if len(packed) == 16:
        expected = Listing.DENIED if any(address in network for network in networks) else Listing.UNLISTED
        assert AddressLists(deny=map(str, networks)).find(packed) is expected


@given(st.lists(st.ip_addresses(v=4), min_size=1, max_size=5), st.integers(0, 32), st.ip_addresses(v=4))
def test_lists_agree_with_the_standard_library(
    bases: list[ipaddress.IPv4Address], length: int, address: ipaddress.IPv4Address
) -> None:
    networks = [ipaddress.ip_network(f"{base}/{length}", strict=False) for base in bases]
    expected = Listing.DENIED if any(address in network for network in networks) else Listing.UNLISTED
    assert AddressLists(deny=map(str, networks)).find(address.packed) is expected


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "10.0.0.0/33", "example.org", ""])
def test_a_malformed_network_is_named_with_its_list(entry: str) -> None:
    with pytest.raises(ValueError, match=r"security_rate_limiter\.deny"):
        AddressLists(deny=[entry])


@pytest.mark.parametrize("everything", ["0.0.0.0/0", "::/0"])
def test_text_that_is_no_address_does_not_get_past_a_list_that_denies_everything(everything: str) -> None:
    lists = AddressLists(allow=("10.0.0.0/8",), deny=(everything,))
    assert lists.find(parse("unknown")) is Listing.DENIED
    assert lists.find(parse("10.0.0.1")) is Listing.ALLOWED
    assert AddressLists(deny=("10.0.0.0/8",)).find(parse("unknown")) is Listing.UNLISTED
