"""Whether the page about state files tells enough to read one: read_checkpoint.py was written from it."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

# pylint: disable=wrong-import-position
import read_checkpoint


def example():
    lines = (FOLDER / "example_state_file.hex").read_text().splitlines()
    return bytes.fromhex("".join(line.split("#")[0] for line in lines))


class ReadCheckpointTest(unittest.TestCase):
    def test_check_sum(self):
        self.assertEqual(read_checkpoint.crc32c(b"123456789"), 0xE3069283)

    def test_reads_what_the_writer_wrote(self):
        counts, splits, names = read_checkpoint.read_state_file(example())
        self.assertEqual((counts.operator_id, counts.state, counts.schema, counts.max_parallelism),
                         ("0a", "counts", "u64", 8))
        self.assertEqual(counts.pieces, [(3, 2, b"first"), (7, 1, b"x"), (3, 1, b"third")])
        self.assertEqual(names.pieces, [(3, 1, b"second")])
        self.assertEqual((splits.kind, splits.operator_id), ("operator-state", "0b"))
        self.assertIn(b"weir.splits", splits.pieces[0][2])
        self.assertEqual(list(read_checkpoint.describe([counts])),
                         ["keyed state 'counts' of 0a (u64): 4 entries, 11 bytes, 2 of 8 key groups"])

    def test_finds_every_flipped_bit(self):
        whole = example()
        for bit in range(len(whole) * 8):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << (bit % 8)
            with self.assertRaises(read_checkpoint.Damaged, msg=f"bit {bit}"):
                read_checkpoint.read_state_file(bytes(damaged))

    def test_finds_every_truncation(self):
        whole = example()
        for size in range(len(whole)):
            with self.assertRaises(read_checkpoint.Damaged, msg=f"{size} bytes"):
                read_checkpoint.read_state_file(whole[:size])


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(ReadCheckpointTest))
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
