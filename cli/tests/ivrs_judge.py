#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A second reader of the ACPI table IVRS, written from the architecture reference and from what Linux
and Xen do, by somebody who had not seen ivrs/src; it judges what `amdvi ivrs` says of good, broken
and randomly damaged tables. Prints TAP.

usage: ivrs_judge.py AMDVI MAKE_TABLES...
AMDVI_JUDGE_TABLES=N damages so many tables, AMDVI_JUDGE_SEED=N others."""

import json
import os
import random
import subprocess
import sys
import tempfile

HEADER = [(0, 4), (4, 4), (8, 1), (9, 1), (10, 6), (16, 8), (24, 4), (28, 4), (32, 4), (36, 4), (40, 8)]
IVHD = [(0, 1), (1, 1), (2, 2), (4, 2), (6, 2), (8, 8), (16, 2), (18, 2), (20, 4)]
IVMD = [(0, 1), (1, 1), (2, 2), (4, 2), (6, 2), (16, 8), (24, 8)]
ALIAS, EXTENDED, STARTS = (0x42, 0x43), (0x46, 0x47), (0x03, 0x43, 0x47)
NAMING = (0x01, 0x02, 0x03, 0x42, 0x43, 0x46, 0x47, 0xf0)
PADS, SELECTS = (0x00, 0x40), (0x02, 0x42, 0x46)


def number(data, offset, size):
    return int.from_bytes(data[offset:offset + size], 'little')


# Findings about the table as a whole.
WHOLE = ('one type that is used', 'Linux uses this type', 'no IOAPIC has', 'no IVHD of type', 'names no IOMMU',
         'first block is no', 'earlier one with')


class Entry:
    """A device entry; a range is its start, and .end is its end, once found."""

    def __init__(self, data, offset, kind, size):
        self.data, self.offset, self.type, self.size = data, offset, kind, size
        self.device = number(data, offset + 1, 2)
        self.end = None
        self.is_padded = False

    def source(self):
        return number(self.data, self.offset + 5, 2)

    def handle(self):
        return self.data[self.offset + 4]

    def variety(self):
        return self.data[self.offset + 7]

    def fields(self):
        sizes = {0x48: [1, 2, 1, 1, 2, 1], 0x46: [1, 2, 1, 4], 0x47: [1, 2, 1, 4]}
        at, out = self.offset, []
        if self.type == 0xf0:
            uid = self.data[at + 21]
            layout = [(0, 1), (1, 2), (3, 1), (4, 8), (12, 8), (20, 1), (21, 1)] + ([(22, uid)] if uid else [])
            return [(at + o, s) for o, s in layout]
        for size in sizes.get(self.type, [1, 2, 1]):
            out.append((at, size))
            at += size
        if self.type in ALIAS:
            out.append((self.offset + 5, 2))
        return out


class Block:
    def __init__(self, data, offset):
        self.data, self.offset = data, offset
        self.type, self.flags = data[offset], data[offset + 1]
        self.size, self.device = number(data, offset + 2, 2), number(data, offset + 4, 2)
        self.entries, self.faults = [], []  # faults: (offset, words)
        self.is_unit, self.is_memory = self.type in (0x10, 0x11, 0x40), self.type in (0x20, 0x21, 0x22)

    def get(self, offset, size):
        return number(self.data, self.offset + offset, size)

    def header(self):
        return 24 if self.type == 0x10 else 40 if self.is_unit else 32 if self.is_memory else 4

    def read_entries(self):
        at, end, start = self.offset + self.header(), self.offset + self.size, None
        while at < end and not self.faults:
            kind = self.data[at]
            if kind < 0xf0:
                size = 4 << (kind >> 6)
            elif kind == 0xf0 and at + 22 <= end:
                size = 22 + self.data[at + 21]
            else:
                self.faults.append((at, 'type whose length' if kind > 0xf0 else 'end within its block'))
                break
            if at + size > end:
                self.faults.append((at, 'end within its block'))
                break
            entry = Entry(self.data, at, kind, size)
            at += size
            if start is not None and kind in PADS:
                start.is_padded = True
            elif start is not None and kind != 0x04:
                self.faults.append((start.offset, 'not followed by its'))
            elif kind == 0x04 and start is None:
                self.faults.append((entry.offset, 'has no start'))
            elif kind == 0x04:
                start.end = entry
                if entry.device < start.device:
                    self.faults.append((entry.offset + 1, 'ends before it starts'))
                else:
                    self.entries.append(start)
                start = None
            elif kind in STARTS:
                start = entry
            elif kind not in PADS:
                self.entries.append(entry)
        if start is not None and not self.faults:
            self.faults.append((start.offset, 'not followed by its'))


class Table:
    def __init__(self, data):
        self.data, self.blocks, self.faults = data, [], []
        at = 48
        while at < len(data):
            if at + 4 > len(data) or at + number(data, at + 2, 2) > len(data):
                self.faults.append((at, 'not end within the table'))
                break
            size, kind = number(data, at + 2, 2), data[at]
            least = {0x10: 24, 0x11: 40, 0x40: 40, 0x20: 32, 0x21: 32, 0x22: 32}.get(kind, 4)
            if size < least:
                self.faults.append((at, 'less than its type needs'))
                break
            block = Block(data, at)
            if block.is_unit:
                block.read_entries()
            self.blocks.append(block)
            at += size
        self.is_efr = number(data, 36, 4) & 1 != 0
        self.units = [b for b in self.blocks if b.is_unit]

    def linux_type(self):
        """That of the last block with the first one's device id, up to one beyond 40h."""
        at, kind, data = 48, 0, self.data
        while at + 6 <= len(data) and data[at] <= 0x40:  # whatever the block's length says
            size = number(data, at + 2, 2)
            if size == 0:
                break  # it never moves past this block
            if data[at + 4:at + 6] == data[52:54]:
                kind = data[at]
            at += size
        return kind

    def xen_type(self):
        known = [b.type for b in self.units if b.type == 0x10 or (b.type == 0x11 and self.is_efr)]
        return max(known, default=0)

    def last_for_linux(self, segment):
        """The highest device of plain entries; None when Linux gives up, or never comes to an end."""
        last = 0
        for block in self.units:
            if block.type != self.linux_type() or block.get(16, 2) != segment:
                continue
            at, end, has_some = block.offset + block.header(), block.offset + block.size, False
            while at < end:
                kind = self.data[at]
                if kind == 0x01:
                    return 0xffff
                has_some = has_some or kind in (0x02, 0x04, 0x42, 0x46)
                if kind in (0x02, 0x04, 0x42, 0x46) and at + 3 <= end:
                    last = max(last, number(self.data, at + 1, 2))
                if 0x80 <= kind != 0xf0 or (kind == 0xf0 and at + 22 > end):
                    return None
                at += 22 + self.data[at + 21] if kind == 0xf0 else 4 << (kind >> 6)
            if not has_some:
                return None
        return last

    def linux_has_southbridge(self):
        """Linux minds no malformed range; None when an entry cannot be walked over."""
        for block in self.units:
            if block.type != self.linux_type():
                continue
            at, end = block.offset + block.header(), block.offset + block.size
            while at < end:
                kind = self.data[at]
                if 0x80 <= kind != 0xf0 or (kind == 0xf0 and at + 22 > end) or at + 8 > len(self.data):
                    return None if 0x80 <= kind else False
                if kind == 0x48 and self.data[at + 7] == 1 and number(self.data, at + 5, 2) == 0xa0 \
                        and block.get(16, 2) == 0:
                    return True
                at += 22 + self.data[at + 21] if kind == 0xf0 else 4 << (kind >> 6)
        return False

    def last_for_xen(self):
        ids = [0]
        for block in self.units:
            if block.type == self.xen_type():
                for e in block.entries:
                    ids.append(e.source() if e.type == 0x48 else e.end.device if e.end else e.device)
        return max(ids) | 7

    def block_at(self, offset):
        return next((b for b in self.blocks if b.offset <= offset < b.offset + b.size), None)

    def entry_at(self, offset):
        block = self.block_at(offset)
        return next((e for e in block.entries if e.offset <= offset < e.offset + e.size), None) if block else None


def covers(entry, device):
    if entry.type == 0x01:
        return True
    if entry.end is not None:
        return entry.device <= device <= entry.end.device
    return entry.type in SELECTS and entry.device == device or entry.type == 0xf0 and entry.device == device


def spans(entry):
    if entry.type == 0x01:
        return (0, 0xffff)
    if entry.end is not None:
        return (entry.device, entry.end.device)
    return (entry.source(),) * 2 if entry.type == 0x48 else (entry.device,) * 2


def window(block):
    return 0x80000 if block.get(20, 4) & 0x7fe000 or block.type != 0x10 else 0x4000


def is_uid_wrong(entry):
    form, size = entry.data[entry.offset + 20], entry.data[entry.offset + 21]
    return (form, size) not in ((0, 0), (1, 8)) and not (form == 2 and size)


def southbridge(table, kind):
    return any(e.type == 0x48 and e.variety() == 1 and e.source() == 0xa0 and b.get(16, 2) == 0
               for b in table.units if b.type == kind for e in b.entries)


def handles(table, kind):
    seen = {}
    for block in table.units:
        for e in block.entries:
            if block.type == kind and e.type == 0x48 and e.variety() == 1:
                seen.setdefault(e.handle(), set()).add((block.get(16, 2), e.source()))
    return seen


def is_memory_beyond(table, block):
    """Xen counts up to its last device, in the header's segment or not."""
    last = {0x21: block.device, 0x22: block.get(6, 2)}.get(block.type, 0)
    return last > table.last_for_xen()


def access(block):
    return 'x' if block.flags & 8 else block.flags & 6


def overlap(a, b):
    first, last = a.get(16, 8), a.get(16, 8) + a.get(24, 8)
    return first < b.get(16, 8) + b.get(24, 8) and b.get(16, 8) < last


def fault_is_told(table, at, words):
    faults = table.faults + [f for b in table.units for f in b.faults]
    # Of a range, its start or what is there instead of its end.
    return any(words in text and 0 <= at - where <= (40 if 'followed' in words else 3) for where, text in faults)


def reserved(table, at):
    """Some reserved bit of the field at @at is set; whose bits depend on the revision passes."""
    block = table.block_at(at)
    if block is None:
        return number(table.data, 36, 4) & 0xff80001f != 0 or number(table.data, 36, 4) & 0xe0 != 0 \
            or any(table.data[40:48])
    if at - block.offset == 18:
        return block.get(18, 2) & 0xe0e0 != 0
    return any(table.data[at:at + 8])


def judge(table, text, at, readers):
    """Is a finding true? None when this judge has no rule for it."""
    block, entry = table.block_at(at), table.entry_at(at)
    linux, xen = table.linux_type(), table.xen_type()
    mine = {'Linux': linux, 'Xen': xen}
    for fault in ('less than its type needs', 'not end within the table', 'type whose length', 'end within its block',
                  'not followed by its', 'has no start', 'ends before it starts'):
        if fault in text:
            is_mine = block is None or not block.is_unit or all(mine.get(r, block.type) == block.type for r in readers)
            return fault_is_told(table, at, fault) and is_mine
    # What is about one description concerns only who reads it.
    if block is not None and block.is_unit and any(r in mine and mine[r] != block.type for r in readers) \
            and not any(words in text for words in WHOLE):
        return False
    rules = {
        'do not sum up to 0': lambda: sum(table.data) & 0xff != 0,
        'reserved bit': lambda: reserved(table, at),
        'names no IOMMU': lambda: not table.units,
        'first block is no IVHD': lambda: bool(table.blocks) and not table.blocks[0].is_unit,
        'no IVHD of type 10h, nor': lambda: xen == 0,
        'at its offset 4': lambda: linux not in (0x10, 0x11, 0x40) and table.data[at] == linux,
        'uses this type, of the': lambda: table.data[at] == linux and any(b.type > linux for b in table.units),
        'wants a table of revision 2': lambda: block.type == 0x40 and table.data[8] == 1,
        'block is of an unknown type': lambda: not block.is_unit and not block.is_memory,
        'too many blocks': lambda: len(table.blocks) > 256,
        'shorter than the 40 bytes': lambda: block.size < 40,
        'is 0; Xen rejects': lambda: 0 in (block.device, block.get(6, 2), block.get(8, 8)),
        'one type that is used': lambda: any(not any(
            b.type == mine[r] and (b.device, b.get(16, 2)) == (block.device, block.get(16, 2)) for b in table.units)
            for r in readers),
        'IVHD of this type already': lambda: any(
            b.offset < block.offset and (b.type, b.device, b.get(16, 2)) == (
                block.type, block.device, block.get(16, 2)) for b in table.units),
        "IOMMU's device id is above": lambda: block.device > (table.last_for_linux(block.get(16, 2)) or 0),
        'names the IOMMU itself': lambda: covers(entry, block.device),
        'not 16 KiB aligned': lambda: block.get(8, 8) % 0x4000 != 0,
        'overlaps that of another': lambda: any(
            b is not block and b.get(8, 8) < block.get(8, 8) + window(block)
            and block.get(8, 8) < b.get(8, 8) + window(b) for b in table.units),
        'ignores the feature image': lambda: block.type != 0x10 and not (table.is_efr and block.get(24, 8) & 0x80),
        'names no PCI devices': lambda: all(e.type not in NAMING or e.type == 0xf0 for e in block.entries)
        and ('specification' not in readers or all(e.type != 0xf0 for e in block.entries)),
        'entries for all devices': lambda: entry.type == 0x01,
        'reaches to FFFFh': lambda: spans(entry)[1] == 0xffff,
        'into IVHDs of type 40h': lambda: entry.type == 0xf0 and block.type != 0x40,
        "UID's format": lambda: is_uid_wrong(entry),
        'from 80h on': lambda: 0x80 <= table.data[at] < 0xf0,
        'entry is of an unknown type': lambda: table.data[at] in (0x41, 0x44, 0x45) or table.data[at] < 0x40
        or 0x49 <= table.data[at] < 0x80,
        'range holds one device': lambda: entry.device == entry.end.device,
        'padding within the range': lambda: entry.is_padded,
        "alias's source is above": lambda: all(
            entry.source() > (table.last_for_linux(block.get(16, 2)) if r == 'Linux' else table.last_for_xen())
            for r in readers),
        'all that plain entries name': lambda: spans(entry)[1] > table.last_for_linux(block.get(16, 2)),
        'neither IOAPIC nor HPET': lambda: entry.variety() not in (1, 2),
        'two different requesters': lambda: len(handles(table, block.type)[entry.handle()]) > 1,
        'no IOAPIC has': lambda: all(not (table.linux_has_southbridge() if r == 'Linux' else southbridge(table, xen))
                                     for r in readers),
        'device of another IOMMU': lambda: any(
            b is not block and b.get(16, 2) == block.get(16, 2)
            and (b.device != block.device or b.type == block.type) and spans(e)[0] <= spans(entry)[1] and spans(entry)[0] <= spans(e)[1]
            for b in table.units for e in b.entries),
        'not 32 bytes long': lambda: block.size != 32,
        'not made of whole pages': lambda: block.get(24, 8) == 0 or (block.get(16, 8) | block.get(24, 8)) % 0x1000
        or block.get(16, 8) + block.get(24, 8) > 1 << 64,
        'neither unity map nor': lambda: block.flags & 9 == 0,
        "range's last device is not": lambda: block.type == 0x22 and block.get(6, 2) <= block.device,
        'earlier one with different access': lambda: any(
            b.is_memory and b.offset < block.offset and overlap(b, block) and access(b) != access(block)
            for b in table.blocks),
        'for a device above all': lambda: is_memory_beyond(table, block),
        'blocked until the IOMMU': lambda: number(table.data, 36, 4) & 2,
    }
    for words, rule in rules.items():
        if words in text:
            try:
                return bool(rule())
            except (AttributeError, TypeError, KeyError):
                return False
    return None


def expected(table):
    """Words that some finding must have: the defects that this judge sees for itself."""
    linux, xen = table.linux_type(), table.xen_type()
    for at, words in table.faults + [f for b in table.units for f in b.faults]:
        yield words
    if not table.units:
        yield 'names no IOMMU'
    if table.units and xen == 0:
        yield 'no IVHD of type 10h, nor'
    for block in table.units:
        if block.type == xen and block.size < 40:
            yield 'shorter than the 40 bytes'
        if block.type == xen and 0 in (block.device, block.get(6, 2), block.get(8, 8)):
            yield 'is 0; Xen rejects'
        last = table.last_for_linux(block.get(16, 2))
        if block.faults:
            continue
        if block.type == linux and last is not None and block.device > last and not table.faults \
                and not any(b.faults for b in table.units):
            yield "IOMMU's device id is above"
        for e in block.entries:
            if block.type == xen and e.type == 0x01:
                yield 'entries for all devices'
            if block.type == linux and e.type == 0x48 and e.variety() not in (1, 2):
                yield 'neither IOAPIC nor HPET'
            if block.type == xen and e.end is not None and e.end.device == e.device:
                yield 'range holds one device'
            if block.type == linux and 0x80 <= e.type < 0xf0:
                yield 'from 80h on'
            if e.type == 0xf0 and block.type in (linux, xen) and block.type != 0x40:
                yield 'into IVHDs of type 40h'
    for block in table.blocks:
        if block.is_memory and block.flags & 9 == 0:
            yield 'neither unity map nor'
        if block.type == 0x22 and block.get(6, 2) <= block.device:
            yield "range's last device is not"
        if block.is_memory and xen and len(table.blocks) <= 256 and is_memory_beyond(table, block) \
                and not table.faults and not any(b.faults or any(0x80 <= e.type < 0xf0 for e in b.entries)
                                                 for b in table.units):
            yield 'for a device above all'
    if table.units and not table.faults and not any(b.faults for b in table.units) \
            and not any(0x80 <= e.type < 0xf0 for b in table.units for e in b.entries) \
            and table.linux_has_southbridge() is False:
        yield 'no IOAPIC has'


def fields(table):
    out = list(HEADER)
    for block in table.blocks:
        layout = IVHD + ([(24, 8), (32, 8)] if block.type != 0x10 else []) if block.is_unit \
            else IVMD if block.is_memory else []
        out += [(block.offset + at, size) for at, size in layout]
        for entry in block.entries:
            if entry.type == 0x48 or entry.type in NAMING:
                out += entry.fields()
    return out


def seal(data):
    data[4:8] = len(data).to_bytes(4, 'little')
    data[9] = 0
    data[9] = -sum(data) & 0xff


def damage(source, seeds):
    data = bytearray(source.choice(seeds))
    for _ in range(source.randrange(1, 4)):
        how, at = source.randrange(4), source.randrange(48, max(49, len(data)))
        if how == 0 and at < len(data):
            data[at] = source.randrange(256)
        elif how == 1 and at < len(data):
            data[at] ^= 1 << source.randrange(8)
        elif how == 2 and len(data) > 60:
            at &= ~3
            del data[at:at + 4]
        elif at + 8 <= len(data):
            data[at:at] = data[at:at + source.choice((4, 8))]
    block = 48
    if source.randrange(4) and block + 4 <= len(data):  # the last block reaches to the end again
        while block + 4 <= len(data):
            size = number(data, block + 2, 2)
            if size < 4 or block + size >= len(data):
                data[block + 2:block + 4] = (len(data) - block).to_bytes(2, 'little')
                break
            block += size
    seal(data)
    return bytes(data)


class Judge:
    def __init__(self, amdvi):
        self.amdvi, self.path = amdvi, None
        self.wrong, self.silent, self.fields, self.unknown = [], [], [], set()
        self.findings = 0

    def ask(self, action):
        run = subprocess.run([self.amdvi, 'ivrs', action, '--json', self.path], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, timeout=60, check=False)
        return json.loads(run.stdout) if run.stdout else None

    def look(self, name, data):
        with open(self.path, 'wb') as file:
            file.write(data)
        table = Table(data)
        said = self.ask('check')
        for finding in said:
            self.findings += 1
            verdict = judge(table, finding['text'], int(finding['offset'], 16), finding['readers'])
            if verdict is None:
                self.unknown.add(finding['text'])
            elif not verdict:
                self.wrong.append(f"{name}: {finding['offset']} {finding['readers']} {finding['text']}")
        for words in set(expected(table)):
            if not any(words in f['text'] for f in said):
                self.silent.append(f'{name}: nothing about "{words}"')
        self.compare(name, table)

    def compare(self, name, table):
        """Each field of the dump holds the bytes that are there; none that this reader knows is missing."""
        shown = set()
        for block in self.ask('dump')['blocks']:
            for field in (f for f in block['fields'] if 'bytes' in f):
                at, size, value = int(field['offset'], 16), int(field['bytes']), field['value']
                shown.add((at, size))
                there = table.data[at:at + size]
                if len(there) != size or (value.startswith('0x') and int(value, 16) != number(there, 0, size)):
                    self.fields.append(f"{name}: {field['offset']} is not {value}")
        self.fields += [f'{name}: no field of {size} bytes at {at:#05x}' for at, size in fields(table)
                        if (at, size) not in shown]


def main():
    amdvi, work = sys.argv[1], tempfile.TemporaryDirectory()
    for make_tables in sys.argv[2:]:
        subprocess.run([make_tables, work.name], check=True)
    tables = {}
    for name in sorted(os.listdir(work.name)):
        with open(os.path.join(work.name, name), 'rb') as file:
            tables[name] = file.read()
    # These are refused for their header, which the transcripts show.
    headers = {'bad_signature.dat', 'bad_length.dat', 'bad_checksum.dat', 'bad_checksum_and_more.dat',
               'bad_revision.dat'}
    seed = int(os.environ.get('AMDVI_JUDGE_SEED', '20261128'))
    source = random.Random(seed)
    count = int(os.environ.get('AMDVI_JUDGE_TABLES', '300'))
    seeds = [data for name, data in tables.items() if name not in headers and name != 'broken.dat']
    print('1..8')
    failed, number_of = False, 0
    for what in ('tables of the tests', 'damaged tables'):
        judge_of = Judge(amdvi)
        judge_of.path = os.path.join(work.name, 'judged')
        if what == 'damaged tables':
            for i in range(count):
                judge_of.look(f'seed {seed}, table {i}', damage(source, seeds))
        else:
            for name, data in tables.items():
                if name not in headers:
                    judge_of.look(name, data)
        for sentence, faults in ((f'each of {judge_of.findings} findings is true', judge_of.wrong),
                                 ('each defect that the judge sees is found', judge_of.silent),
                                 ('each field is what the judge reads', judge_of.fields),
                                 ('the judge knows each finding', sorted(judge_of.unknown))):
            for fault in faults[:10]:
                print(f'# {fault}')
            number_of += 1
            failed = failed or bool(faults)
            print(f"{'not ' if faults else ''}ok {number_of} - {what}: {sentence}")
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
