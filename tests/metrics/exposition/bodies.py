"""Bodies for properties: valid ones, and what a few blows make of them."""

import random
from collections.abc import Iterator

from hypothesis import strategies as st

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

names = st.sampled_from(["up", "a", "a_bucket", "a_total", "b:c", "_x", "a_seconds"])
label_names = st.sampled_from(["le", "quantile", "job", "_i", "__name__", '"my.label"', '"le"'])
texts = st.sampled_from(
    [
        "",
        "x",
        "1",
        "0.5",
        "1e6",
        "+Inf",
        "é",
        r"\"",
        r"\\",
        r"\n",
        r"\d",
        "a b",
        "} 1",
        " # {",
        "=,{",
        "\0",
    ]
)
numbers = st.one_of(
    st.sampled_from(
        ["0", "1", "-0", "NaN", "nan", "+Inf", "-inf", "Infinity", "1.", ".5", "1E3", "+1"]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(repr),
)
bad_numbers = st.sampled_from(
    [
        "",
        "-nan",
        "+NaN",
        "1e400",
        "-1e999",
        "1_0",
        "0x10",
        "0x1p-3",
        "1e",
        ".",
        "++1",
        "one",
        "infin",
        "١",
        "1\r",
    ]
)
blanks = st.sampled_from(["", " ", " ", " ", "\t", "  "])


@st.composite
def labels(draw: st.DrawFn, odd: bool) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        gap = draw(blanks) if odd else ""
        text = draw(
            st.one_of(texts, st.sampled_from(["\nup ", "\n", "\nup{le="]) if odd else texts)
        )
        parts.append(f'{gap}{draw(label_names)}{gap}={gap}"{text}"{gap}')
    if draw(st.integers(0, 4)) == 0:
        parts.append(draw(st.sampled_from(['"my.metric"', '"m\\"é"', ""])))
    comma = draw(st.sampled_from([",", ",", ",", " ", ",,"])) if odd else ","
    return "{" + comma.join(parts) + draw(st.sampled_from(["", "", ","])) + "}"


@st.composite
def samples(draw: st.DrawFn, odd: bool, openmetrics: bool) -> str:
    gap = draw(blanks) if odd else " "
    name = draw(st.one_of(names, st.just(""))) if odd else draw(names)
    braces = draw(st.one_of(st.just(""), labels(odd)))
    number = draw(st.one_of(numbers, numbers, bad_numbers)) if odd else draw(numbers)
    line = f"{name}{draw(blanks) if odd else ''}{braces}{gap}{number}"
    if draw(st.integers(0, 2)) == 0:
        line += gap + str(
            draw(st.sampled_from([0, 1, 1700000000, 1700000000000, "01", "-5", "1.5", 2**63]))
        )
    if openmetrics and draw(st.integers(0, 3)) == 0:
        end = draw(st.sampled_from(["", " 5", " 1.5", " NaN"]))
        line += f" # {draw(labels(False))} {draw(numbers)}{end}"
    return line + (draw(blanks) if odd else "")


@st.composite
def comments(draw: st.DrawFn, openmetrics: bool) -> str:
    family = draw(st.one_of(names, st.just('"my.metric"')))
    types = ["histogram", "summary", "counter", "gauge", "unknown" if openmetrics else "untyped"]
    choices = [f"# TYPE {family} {kind}" for kind in types]
    choices += [f"# HELP {family} {draw(texts)}", "# HELP a ", "# UNIT a_seconds seconds"]
    if not openmetrics:
        choices += ["", "#", "# hello", " # HELP  up\t up ", "# HELP up", "#HELP", "# TYPED", " \t"]
    return draw(st.sampled_from(choices))


@st.composite
def bodies(draw: st.DrawFn, openmetrics: bool, odd: bool = False) -> bytes:
    """Lines of one format; odd ones may be malformed."""
    line = st.one_of(samples(odd, openmetrics), samples(odd, openmetrics), comments(openmetrics))
    lines = draw(st.lists(line, max_size=8))
    if openmetrics:
        lines.append("# EOF")
    end = draw(st.sampled_from(["\n", "\n", ""]))
    return ("\n".join(lines) + (end if lines else "")).encode()


@st.composite
def blows(draw: st.DrawFn, body: bytes) -> bytes:
    """The body with some bytes or lines taken out, put in or moved."""
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["bytes", "drop", "double", "swap", "value"]))
        lines = body.split(b"\n")
        first = draw(st.integers(0, len(lines) - 1))
        if kind == "bytes":
            at = draw(st.integers(0, len(body)))
            junk = draw(st.sampled_from(JUNK))
            body = body[:at] + junk + body[at + draw(st.integers(0, 2)) :]
            continue
        if kind == "drop":
            del lines[first]
        elif kind == "double":
            lines.insert(first, lines[first])
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[first], lines[other] = lines[other], lines[first]
        else:
            head = lines[first].rpartition(b" ")[0]
            lines[first] = head + b" " + draw(numbers).encode()
        body = b"\n".join(lines)
    return body


JUNK = [
    *[b"", b" ", b"  ", b"\t", b"\n", b"\r\n", b"\0", b"\xff", b"\xc3\xa9", b"1", b"a", b"{", b"}"],
    *[
        b'"',
        b"\\",
        b",",
        b"=",
        b"#",
        b" # {} 1",
        b" 5",
        b"_",
        b"e",
        b"+1",
        b"# EOF\n",
        b'="',
        b'"\n',
    ],
]


_HEADS = [
    *["up ", 'up{a="b"} ', 'up{a="c"} ', "u ", "up{} ", '{"up"} ', 'x_bucket{le="1"} ', "inf "],
    *['x{quantile="1"} ', 'x{le="1",quantile="1"} ', "# TYPE x histogram", "# TYPE x summary"],
    *["# TYPE x gauge", "# HELP x y"],
]
_TEXT_HEADS = [
    *["up", "up\t", " up ", "up{}", 'up {a="b"} ', "u", "", "#", "# EOF", "inf", "infi", "u+1"],
    *['a{b="\nup "} ', 'a{b="\nup{a="}', 'a{b="\n', '"} ', 'up "} ', 'up{a="} ', "1", "u\t "],
]
_TAILS = ["1", "2", "2.5", "-0", "NaN", "inf", "1 5", "2 5", "1 7", "3 7"]
_EXEMPLARS = ["1 # {} 1", '2 # {a=" # {"} 1', "1 5 # {} 2", "1 5 # {} 2 3"]
_ODD_TAILS = [
    *[
        "1 ",
        " 1",
        "1  5",
        "1\t5",
        "",
        '{a="b"} 1',
        "+1",
        "1 # {} x",
        "1e999",
        "5\r",
        '"} 1',
        "1 # {",
    ],
    *["1 5 6", "1_0", "p 1", '"} "} 1', "x\nup 1", "1\n1", ",", "}1", "-nan", "#"],
]


def scrapes(chance: random.Random) -> Iterator[tuple[bytes, str]]:
    """What one target might send, one after the other: mostly the same lines, other values."""
    openmetrics = chance.random() < 0.4
    heads = _HEADS if openmetrics else [*_HEADS, *_TEXT_HEADS]
    tails = [*_TAILS, *_EXEMPLARS] if openmetrics else _TAILS
    odd = chance.choice([0.0, 0.0, 0.02, 0.1])

    def line() -> list[str]:
        head = chance.choice(heads)
        return [head, "" if head[:1] in ("#", "") else chance.choice(tails)]

    lines = [line() for _ in range(chance.randrange(1, 7))]
    sent = [lines]
    for _ in range(7):
        yield _body(lines, openmetrics), OPENMETRICS if openmetrics else TEXT
        lines = [list(parts) for parts in (chance.choice(sent) if chance.random() < 0.3 else lines)]
        for parts in lines:
            if parts[1] and chance.random() < 0.4:
                parts[1] = chance.choice(_ODD_TAILS if chance.random() < odd else tails)
        if chance.random() < 0.3:
            at = chance.randrange(len(lines) + 1)
            lines[at : at + chance.randrange(2)] = [line() for _ in range(chance.randrange(3))]
        if chance.random() < 0.1:
            chance.shuffle(lines)
        if chance.random() < 0.05:
            openmetrics = not openmetrics
        sent.append(lines)


def _body(lines: list[list[str]], openmetrics: bool) -> bytes:
    return "".join(f"{head}{tail}\n" for head, tail in lines).encode() + b"# EOF\n" * openmetrics
