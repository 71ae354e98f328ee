"""What is counted for each sender is bounded, and who fails now is not forgotten for who is new."""

from services.chassis.messaging.limits import SENDERS_LIMIT, Limits, ParkingLimit


def test_who_was_not_heard_of_for_longest_is_forgotten_first() -> None:
    parking = ParkingLimit(Limits(parked_in_a_row=2))
    for _ in range(2):
        parking.parked("fails")
    for number in range(2 * SENDERS_LIMIT):
        parking.went_well(f"sender-{number}")
        if number % 100 == 0:
            parking.parked("fails")
    assert parking.senders_over() == 1
    for number in range(SENDERS_LIMIT):
        parking.went_well(f"another-{number}")
    assert parking.senders_over() == 0
