"""A model of one direction between two gateways: everything that can go wrong, and who watches.

The decisions are the gateway's own (``services.gateway.domain.exchange``); what is around them
(databases, hub, people) is played here in memory. A restored sender is put right by people at
once; what its backup never knew is excused (no inventories yet). A tick is an hour.
"""

import copy
from dataclasses import replace
from datetime import datetime, timedelta

from services.gateway.domain.exchange import (
    NEEDS_NEW_EPOCH,
    Arrival,
    ArrivedRecord,
    Reading,
    ReceiptFacts,
    compare,
    decide,
    numbered,
    with_new_epoch,
)
from tests.faults.exchange_state import (
    CASES,
    HEAL_ROUNDS,
    LIFE_TICKS,
    START,
    Letter,
    Receiver,
    Record,
    Rules,
    Sender,
    Violation,
    Watch,
    receipted,
)


class World:
    """Both databases, the hub between them, and everything that can happen to them."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.sender, self.receiver, self.watch = Sender(), Receiver(), Watch()
        self.backups = (copy.deepcopy(self.sender), copy.deepcopy(self.receiver))
        self.wire: list[Record] = []
        self.log: list[Record] = []
        self.delayed: list[Record] = []
        self.receipts: list[ReceiptFacts] = []
        self.receipts_read = 0
        self.suspended = False
        self.ticks = self.count = 0

    # ------------------------------------------------------------ small words

    def next(self) -> int:
        """A number never used before: an id, a nonce, a moment."""
        self.count += 1
        return self.count

    @property
    def wall(self) -> datetime:
        """Machine time: it goes on with every act."""
        return START + timedelta(seconds=self.count)

    def permitted(self, letter: Letter) -> bool:
        """The check, with what the sender's database knows."""
        if letter.kind == "notice":
            return True
        if not self.sender.consent[letter.case] or letter.stopped:
            return False
        retired = letter.reference is not None and (
            self.sender.live.get(letter.case) != letter.reference
        )
        return not retired

    def sent_now(self, letter: Letter) -> None:
        """Promise: nothing is sent after the withdrawal's commit."""
        withdrawn = letter.reference in self.watch.withdrawn or not self.watch.consent[letter.case]
        if letter.kind == "content" and withdrawn:
            raise Violation("sent after the withdrawal")

    # ------------------------------------------------------------ the sender

    def offer(self, which: int) -> None:
        """A service addresses something to the other agency."""
        letter = Letter(self.next(), "content", which % CASES)
        self.sender.queue.append(letter)
        self.watch.letters[letter.id] = letter

    def write(self, _which: int) -> None:
        """One record, one transaction."""
        sender = self.sender
        if sender.book.full or not sender.queue or self.suspended:
            return
        letter = sender.queue.pop(0)
        if not self.permitted(letter) and self.rules.check_when_numbering:
            self.watch.refused.add(letter.id)
            return
        if letter.reference is None:
            letter = replace(letter, reference=self._reference(letter.case))
        self.sent_now(letter)
        record = Record(
            sender.book.epoch,
            sender.book.last + 1,
            letter,
            self.next(),
            self.ticks + LIFE_TICKS,
        )
        sender.book = numbered(sender.book, record.digest)
        sender.open[record.seq] = record
        if letter.kind == "content":
            sender.told.add(letter.reference or 0)
        self.wire.append(record)

    def _reference(self, case: int) -> int:
        if case not in self.sender.live:
            self.sender.live[case] = self.next()
            self.watch.references.add(self.sender.live[case])
        return self.sender.live[case]

    def repeat(self, _which: int) -> None:
        """The timer: the same bytes, or a new epoch."""
        if not self.rules.repeats:
            return
        for record in list(self.sender.open.values()):
            if self.suspended:
                return
            good = self.permitted(record.letter) or not self.rules.check_when_repeating
            if not good or record.not_after <= self.ticks:
                self.new_epoch()
                return
            self.sent_now(record.letter)
            self.wire.append(record)

    def new_epoch(self) -> None:
        """The only recovery."""
        sender = self.sender
        back = [sender.open[seq].letter for seq in sorted(sender.open)]
        sender.queue[:0] = back
        sender.open.clear()
        sender.book = with_new_epoch(sender.book, self.wall)

    def withdraw(self, which: int) -> None:
        """The person takes the consent back."""
        case, sender = which % CASES, self.sender
        self.watch.consent[case] = sender.consent[case] = False
        self._retire(case)

    def _retire(self, case: int) -> None:
        sender = self.sender
        sender.queue = [
            replace(letter, stopped=letter.stopped or self._stops(letter, case))
            for letter in sender.queue
        ]
        for seq, record in sender.open.items():
            if self._stops(record.letter, case):
                stopped = replace(record.letter, stopped=True)
                sender.open[seq] = replace(record, letter=stopped)
        reference = sender.live.get(case)
        if reference is None:
            return
        if self.rules.new_references:
            del sender.live[case]
        self.watch.withdrawn.add(reference)
        if reference in sender.told and self.rules.notices:
            sender.queue.append(Letter(self.next(), "notice", case, reference))

    @staticmethod
    def _stops(letter: Letter, case: int) -> bool:
        return letter.case == case and letter.kind == "content"

    def consent_again(self, which: int) -> None:
        """The person agrees anew."""
        self.watch.consent[which % CASES] = self.sender.consent[which % CASES] = True

    def read_receipt(self, _which: int) -> None:
        """The next receipt is held against the book."""
        if self.receipts_read >= len(self.receipts) or self.suspended:
            return
        receipt = self.receipts[self.receipts_read]
        self.receipts_read += 1
        compared = compare(self.sender.book, receipt)
        if compared.reading is Reading.OLD or self._overlooked(compared.reading):
            return
        sender = self.sender
        sender.book = compared.book
        still = {record.seq for record in compared.book.open}
        if receipt.epoch == sender.book.epoch and compared.reading in (
            Reading.AGREES,
            Reading.RECEIVER_IS_STUCK,
        ):
            sender.open = {seq: record for seq, record in sender.open.items() if seq in still}
        if compared.reading in NEEDS_NEW_EPOCH:
            self.new_epoch()

    def _overlooked(self, reading: Reading) -> bool:
        rules = self.rules
        return (
            (reading is Reading.RECEIVER_IS_STUCK and not rules.stuck_opens_epoch)
            or (reading is Reading.SENDER_WENT_BACK and not rules.own_setback_is_noticed)
            or (reading is Reading.RECEIVER_WENT_BACK and not rules.other_setback_is_noticed)
        )

    # ------------------------------------------------------------ the receiver

    def poll(self, _which: int) -> None:
        """The next record of the topic."""
        receiver = self.receiver
        if self.suspended:
            return
        if receiver.offset > len(self.log):
            receiver.offset = 0
        if receiver.offset == len(self.log):
            return
        record = self.log[receiver.offset]
        receiver.offset += 1
        self._arrived(record)

    def _arrived(self, record: Record) -> None:
        receiver, place = self.receiver, (record.epoch, record.seq)
        self.watch.polled.setdefault(place, set()).add(record.digest)
        known = receiver.seen.setdefault(place, record.digest)
        arrived = ArrivedRecord(
            epoch=record.epoch,
            seq=record.seq,
            digest=record.digest,
            known=known if self.rules.digests_are_compared else None,
            opens=True,
            expired=record.not_after <= self.ticks,
        )
        decided = decide(receiver.book, arrived)
        receiver.book = decided.book
        if decided.arrival is Arrival.FORK:
            self.watch.forks.add(place)
        careless = (
            decided.arrival is Arrival.AHEAD and not self.rules.only_the_next_is_handled
        ) or (decided.arrival is Arrival.LOWER_EPOCH and not self.rules.lower_epochs_are_dropped)
        if careless and record.epoch >= receiver.book.epoch:
            receiver.book = replace(receiver.book, upto=record.seq)
        if careless or decided.arrival is Arrival.NEXT:
            self._handle(record.letter)

    def _handle(self, letter: Letter) -> None:
        receiver, reference = self.receiver, letter.reference or 0
        if letter.id in receiver.inner and self.rules.inner_ids_are_kept:
            return
        receiver.inner.add(letter.id)
        if letter.kind == "notice":
            if self.rules.tombstones or reference in receiver.held:
                receiver.ended.add(reference)
            return
        receiver.effects[letter.id] += 1
        if receiver.effects[letter.id] > 1:
            raise Violation("handled twice")
        if reference not in receiver.ended:
            receiver.held.setdefault(reference, set()).add(letter.id)

    def report(self, _which: int) -> None:
        """A receipt leaves."""
        book = self.receiver.book
        self.receipts.append(
            ReceiptFacts(
                at=self.next(), epoch=book.epoch, upto=book.upto, head=book.head, stuck=book.stuck
            )
        )

    # ------------------------------------------------------------ the hub, time, faults

    def flush(self, _which: int) -> None:
        """Committed bytes reach the hub."""
        if self.wire:
            self.log.append(self.wire.pop(0))

    def tick(self, _which: int) -> None:
        """Time passes."""
        self.ticks += 2

    def crash(self, _which: int) -> None:
        """The sender's process dies between the commit and the hub."""
        self.wire.clear()

    def drop(self, which: int) -> None:
        """The hub was restored: its newest records are gone."""
        del self.log[max(0, len(self.log) - 1 - which) :]

    def duplicate(self, which: int) -> None:
        """The hub delivers an old record again."""
        if self.log:
            self.log.append(self.log[which % len(self.log)])

    def delay(self, _which: int) -> None:
        """A record does not arrive now; those held back arrive late."""
        if self.wire:
            self.delayed.append(self.wire.pop(0))
        elif self.delayed:
            self.log.append(self.delayed.pop(0))

    def lose_receipt(self, _which: int) -> None:
        """The newest receipt never arrives."""
        del self.receipts[max(self.receipts_read, len(self.receipts) - 1) :]

    def old_receipt(self, which: int) -> None:
        """A receipt arrives again."""
        if self.receipts:
            self.receipts.append(self.receipts[which % len(self.receipts)])

    def suspend(self, _which: int) -> None:
        """The registry suspends an agency, or lets it in again."""
        self.suspended = not self.suspended

    def backup(self, _which: int) -> None:
        """Both databases are backed up."""
        self.backups = (copy.deepcopy(self.sender), copy.deepcopy(self.receiver))

    def restore_sender(self, which: int) -> None:
        """The sender comes back from its backup; sometimes nobody says so."""
        self.sender = sender = copy.deepcopy(self.backups[0])
        self.wire.clear()
        pending = {letter.id for letter in self._pending()}
        self.watch.excused_letters |= set(self.watch.letters) - pending
        self.watch.excused_references |= self.watch.references - sender.told
        if which % 2 == 0 and self.rules.restore_opens_epoch:
            self.new_epoch()
        for case in range(CASES):  # people put consents right against paper
            if not self.watch.consent[case] or sender.live.get(case) in self.watch.withdrawn:
                self._retire(case)
            sender.consent[case] = self.watch.consent[case]

    def restore_receiver(self, _which: int) -> None:
        """The receiver comes back from its backup."""
        self.receiver = copy.deepcopy(self.backups[1])
        settled = receipted(self.sender.open.values(), self.receipts[self.receipts_read :])
        kept = [letter for letter in self._pending() if letter.id not in settled]
        self.watch.excused_letters |= set(self.watch.letters) - {letter.id for letter in kept}
        notices = {letter.reference for letter in kept if letter.kind == "notice"}
        self.watch.excused_references |= self.watch.withdrawn - {one for one in notices if one}
        self.watch.polled.clear()

    def _pending(self) -> list[Letter]:
        return [*self.sender.queue, *(record.letter for record in self.sender.open.values())]

    # ------------------------------------------------------------ the end

    def heal(self) -> None:
        """Everything works again: what was promised must come true."""
        self.suspended = False
        self.log += self.delayed
        self.delayed.clear()
        for _ in range(HEAL_ROUNDS):
            self._round()
        probe = self._probe()
        for _ in range(HEAL_ROUNDS):
            self._round()
        if probe not in self.receiver.inner:
            raise Violation("the line is blocked")
        self._settled()

    def _probe(self) -> int:
        self.consent_again(0)
        self.offer(0)
        return self.count

    def _round(self) -> None:
        self.report(0)
        while self.receipts_read < len(self.receipts):
            self.read_receipt(0)
        self.repeat(0)
        for _ in range(len(self.sender.queue)):
            self.write(0)
        while self.wire:
            self.flush(0)
        while self.receiver.offset < len(self.log):
            self.poll(0)
        self.poll(0)

    def _settled(self) -> None:
        watch, receiver = self.watch, self.receiver
        for reference in set(receiver.held) & watch.withdrawn - watch.excused_references:
            if reference not in receiver.ended:
                raise Violation("a recipient was never told")
        for letter in watch.letters.values():
            if letter.id in watch.refused | watch.excused_letters | receiver.inner:
                continue
            raise Violation("lost")
        for letter in watch.letters.values():
            kept = any(letter.id in held for held in receiver.held.values())
            known = letter.id in watch.excused_letters | watch.refused
            if not kept and not known and not self._ended(letter):
                raise Violation("swallowed")
        for place, digests in watch.polled.items():
            if len(digests) > 1 and place not in watch.forks:
                raise Violation("a fork was not noticed")

    def _ended(self, letter: Letter) -> bool:
        """It travelled under a reference that was withdrawn: skipped on purpose."""
        return any(
            record.letter.id == letter.id and record.letter.reference in self.watch.withdrawn
            for record in self.log
        )
