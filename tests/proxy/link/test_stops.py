"""What a gate knows of orders to stop, of its bundle and ahead of it."""

from __future__ import annotations

from vienna_kernel.stop import Kind, Level, Stop
from vienna_proxy.link.stops import UNSEEN, Signed, Stops


def stop(n: int) -> Stop:
    return Stop(n=n, kind=Kind.FREEZE, level=Level.FREEZE)


def signed(*numbers: int, last: int, count: int) -> Signed:
    return Signed(tuple(map(stop, numbers)), last, count)


def begun(*numbers: int, last: int = 0, count: int = 0) -> Stops:
    stops = Stops()
    assert stops.sign(signed(*numbers, last=last, count=count)) == []
    return stops


def test_the_first_bundle_is_new_to_nobody_and_holds() -> None:
    assert begun(4, last=4, count=2).in_force == (stop(4),)


def test_one_that_is_told_holds_until_a_bundle_that_knows_of_it_says_otherwise() -> None:
    stops = begun()
    assert stops.tell([stop(1)]) == [stop(1)]
    assert stops.sign(signed(last=0, count=0)) == []
    assert stops.in_force == (stop(1),), "a bundle from before it does not end it"
    assert stops.sign(signed(1, last=1, count=1)) == [], "it was seen already"
    assert stops.in_force == (stop(1),)
    assert stops.sign(signed(last=1, count=1)) == []
    assert stops.in_force == ()


def test_one_that_is_told_late_or_twice_is_nothing_new() -> None:
    stops = begun(last=3, count=1)
    assert stops.tell([stop(3)]) == []
    assert stops.tell([stop(4)]) == [stop(4)]
    assert stops.tell([stop(4)]) == []


def test_one_that_only_the_bundle_tells_is_new() -> None:
    assert begun().sign(signed(1, last=1, count=1)) == [stop(1)]


def test_one_that_was_over_before_it_was_heard_of_shows_in_the_count() -> None:
    stops = begun()
    assert stops.sign(signed(last=1, count=1)) == [UNSEEN]
    assert stops.sign(signed(last=1, count=1)) == []
    stops.tell([stop(2)])
    assert stops.sign(signed(last=3, count=3)) == [UNSEEN], "one was told, the other was not"


def test_others_orders_move_the_number_and_not_the_count() -> None:
    assert begun().sign(signed(last=9, count=0)) == []
