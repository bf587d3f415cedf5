"""What a job does for each record: calls and instructions that cost more than they look, counted under callgrind.

A job runs with N and with more records; what the second run executes more often, divided by the records that it had
more, is what a record takes. Counts do not depend on other load, unlike times.
"""

import collections
import re
import subprocess

FEWER, MORE = 60_000, 160_000

# Functions, by what they stand for. A call is counted whoever calls.
_FUNCTIONS = {
    "allocations": re.compile(r"^(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|cfree|operator new.*"
                              r"|operator delete.*)$"),
    "locks": re.compile(r"^(__)?pthread_(mutex_(try|timed)?lock|rwlock_\w*lock|spin_lock|cond_\w+|once)$"),
    "clock reads": re.compile(r"^(__)?(clock_gettime|gettimeofday|time)$"),
}
KINDS = (*_FUNCTIONS, "indirect calls", "atomic instructions", "system calls")


def _kind_of_instruction(mnemonic, operands):
    """Of a disassembled instruction; None for all that cost what they look like."""
    if mnemonic.startswith("lock") or (mnemonic.startswith("xchg") and "(" in operands):
        return "atomic instructions"
    if mnemonic == "syscall":
        return "system calls"
    # A place at a fixed distance is the table of a shared library's functions, not an object's.
    if mnemonic.rstrip("q") in ("call", "jmp") and operands.startswith("*") and "(%rip)" not in operands:
        return "indirect calls"
    return None


class Profile:
    """One run: how often each instruction was executed, and how often functions were called."""

    def __init__(self, text):
        self.executed = collections.Counter()  # by (object, address)
        self.calls = collections.Counter()  # by function
        self._read(text)

    def _read(self, text):
        place = callee = ""
        skip = False  # the line behind calls= gives the cost of the callee
        for line in text.splitlines():
            if line.startswith("0x"):
                if not skip:
                    address, _, count = line.split()
                    self.executed[place, int(address, 16)] += int(count)
                skip = False
            elif line.startswith("ob="):
                place = line[3:]
            elif line.startswith("cfn="):
                # Without the version of the symbol and the number of a recursion.
                callee = re.sub(r"@.*|'\d+$", "", line[4:])
            elif line.startswith("calls="):
                self.calls[callee] += int(line[6:].split()[0])
                skip = True


def _disassemble(path, addresses):
    """Mnemonic and operands by address."""
    found = {}
    addresses = sorted(addresses)
    while addresses:
        first = addresses[0]
        chunk = [address for address in addresses if address < first + 4096]
        addresses = addresses[len(chunk):]
        # Instructions are at most 15 bytes long.
        text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--start-address={first}",
                               f"--stop-address={chunk[-1] + 15}", path],
                              check=True, capture_output=True, text=True).stdout
        for line in text.splitlines():
            match = re.match(r"\s*([0-9a-f]+):\s+((?:lock |bnd |notrack )*)(\S+)\s*(.*)", line)
            if match:
                prefix = "lock" if "lock" in match[2] else ""
                found[int(match[1], 16)] = (prefix + match[3], match[4])
    return found


def compare(fewer, more, records, disassemble=_disassemble):
    """For each kind: how often per record, by two profiles that differ by so many records."""
    per_record = dict.fromkeys(KINDS, 0.0)
    for function, count in more.calls.items():
        for kind, names in _FUNCTIONS.items():
            if names.match(function):
                per_record[kind] += (count - fewer.calls[function]) / records
    grown = collections.defaultdict(dict)
    for (path, address), count in more.executed.items():
        growth = count - fewer.executed[path, address]
        # Rarer than once in ten thousand records: no loop over records or blocks.
        if growth > records / 10_000:
            grown[path][address] = growth
    for path, growths in grown.items():
        instructions = disassemble(path, growths)
        for address, growth in growths.items():
            kind = _kind_of_instruction(*instructions.get(address, ("", "")))
            if kind:
                per_record[kind] += growth / records
    return per_record


def _profile(command, records, directory):
    output = directory / f"callgrind.{records}"
    ended = subprocess.run(["valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-strings=no",
                            "--compress-pos=no", f"--callgrind-out-file={output}", *command, "--records", str(records),
                            "--result-directory", directory],
                           capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {ended.returncode}:\n{ended.stderr}")
    return Profile(output.read_text(errors="replace"))


def measure(build, plugin, job, arguments, directory):
    """What a record takes in the task engine. Needs valgrind and objdump."""
    command = [build / "benchmarks" / "benchmark_in_process", "engine", build / "jobs" / plugin, job, "1", *arguments]
    return compare(_profile(command, FEWER, directory), _profile(command, MORE, directory), MORE - FEWER)
