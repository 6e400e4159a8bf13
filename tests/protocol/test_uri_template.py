from __future__ import annotations

import random
import re
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from flask_mcp_auth0.errors import RegistrationError
from flask_mcp_auth0.protocol.uri_template import UriTemplate
from flask_mcp_auth0.protocol.uri_template_match import MAX_URI
from flask_mcp_auth0.protocol.uri_template_pattern import Element, Literal, Maybe, Run, match

#: The values of RFC 6570 section 3.2.
RFC_VALUES: Mapping[str, Any] = {
    "count": ["one", "two", "three"],
    "dom": ["example", "com"],
    "dub": "me/too",
    "hello": "Hello World!",
    "half": "50%",
    "var": "value",
    "who": "fred",
    "base": "http://example.com/home/",
    "path": "/foo/bar",
    "list": ["red", "green", "blue"],
    "keys": {"semi": ";", "dot": ".", "comma": ","},
    "v": "6",
    "x": "1024",
    "y": "768",
    "empty": "",
    "empty_keys": {},
    "undef": None,
}


@pytest.mark.parametrize(
    ("template", "expansion"),
    [
        # 3.2.1, 3.2.2 simple
        ("{count}", "one,two,three"),
        ("{count*}", "one,two,three"),
        ("{var}", "value"),
        ("{hello}", "Hello%20World%21"),
        ("{half}", "50%25"),
        ("O{empty}X", "OX"),
        ("O{undef}X", "OX"),
        ("{x,y}", "1024,768"),
        ("{x,hello,y}", "1024,Hello%20World%21,768"),
        ("?{x,empty}", "?1024,"),
        ("?{x,undef}", "?1024"),
        ("?{undef,y}", "?768"),
        ("{var:3}", "val"),
        ("{var:30}", "value"),
        ("{list}", "red,green,blue"),
        ("{list*}", "red,green,blue"),
        ("{keys}", "semi,%3B,dot,.,comma,%2C"),
        ("{keys*}", "semi=%3B,dot=.,comma=%2C"),
        # 3.2.3 reserved
        ("{+var}", "value"),
        ("{+hello}", "Hello%20World!"),
        ("{+half}", "50%25"),
        ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"),
        ("{+base}index", "http://example.com/home/index"),
        ("O{+empty}X", "OX"),
        ("O{+undef}X", "OX"),
        ("{+path}/here", "/foo/bar/here"),
        ("here?ref={+path}", "here?ref=/foo/bar"),
        ("{+x,hello,y}", "1024,Hello%20World!,768"),
        ("{+path,x}/here", "/foo/bar,1024/here"),
        ("{+path:6}/here", "/foo/b/here"),
        ("{+list}", "red,green,blue"),
        ("{+list*}", "red,green,blue"),
        ("{+keys}", "semi,;,dot,.,comma,,"),
        ("{+keys*}", "semi=;,dot=.,comma=,"),
        # 3.2.4 fragment
        ("{#var}", "#value"),
        ("{#hello}", "#Hello%20World!"),
        ("{#half}", "#50%25"),
        ("foo{#empty}", "foo#"),
        ("foo{#undef}", "foo"),
        ("{#x,hello,y}", "#1024,Hello%20World!,768"),
        ("{#path,x}/here", "#/foo/bar,1024/here"),
        ("{#path:6}/here", "#/foo/b/here"),
        ("{#list*}", "#red,green,blue"),
        ("{#keys*}", "#semi=;,dot=.,comma=,"),
        # 3.2.5 label
        ("{.who}", ".fred"),
        ("{.who,who}", ".fred.fred"),
        ("{.half,who}", ".50%25.fred"),
        ("www{.dom*}", "www.example.com"),
        ("X{.empty}", "X."),
        ("X{.undef}", "X"),
        ("X{.var:3}", "X.val"),
        ("X{.list}", "X.red,green,blue"),
        ("X{.list*}", "X.red.green.blue"),
        ("X{.keys}", "X.semi,%3B,dot,.,comma,%2C"),
        ("X{.keys*}", "X.semi=%3B.dot=..comma=%2C"),
        ("X{.empty_keys}", "X"),
        ("X{.empty_keys*}", "X"),
        # 3.2.6 path
        ("{/who}", "/fred"),
        ("{/who,who}", "/fred/fred"),
        ("{/half,who}", "/50%25/fred"),
        ("{/who,dub}", "/fred/me%2Ftoo"),
        ("{/var,empty}", "/value/"),
        ("{/var,undef}", "/value"),
        ("{/var,x}/here", "/value/1024/here"),
        ("{/var:1,var}", "/v/value"),
        ("{/list}", "/red,green,blue"),
        ("{/list*}", "/red/green/blue"),
        ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
        ("{/keys*}", "/semi=%3B/dot=./comma=%2C"),
        # 3.2.7 path-style parameters
        ("{;who}", ";who=fred"),
        ("{;half}", ";half=50%25"),
        ("{;empty}", ";empty"),
        ("{;v,empty,who}", ";v=6;empty;who=fred"),
        ("{;v,bar,who}", ";v=6;who=fred"),
        ("{;x,y,undef}", ";x=1024;y=768"),
        ("{;hello:5}", ";hello=Hello"),
        ("{;list}", ";list=red,green,blue"),
        ("{;list*}", ";list=red;list=green;list=blue"),
        ("{;keys}", ";keys=semi,%3B,dot,.,comma,%2C"),
        ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
        # 3.2.8 query
        ("{?who}", "?who=fred"),
        ("{?half}", "?half=50%25"),
        ("{?x,y,empty}", "?x=1024&y=768&empty="),
        ("{?x,y,undef}", "?x=1024&y=768"),
        ("{?var:3}", "?var=val"),
        ("{?list}", "?list=red,green,blue"),
        ("{?list*}", "?list=red&list=green&list=blue"),
        ("{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"),
        ("{?keys*}", "?semi=%3B&dot=.&comma=%2C"),
        # 3.2.9 continued query
        ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
        ("?a{&x,y,empty}", "?a&x=1024&y=768&empty="),
        ("?a{&var:3}", "?a&var=val"),
        ("?a{&list*}", "?a&list=red&list=green&list=blue"),
    ],
)
def test_the_examples_of_the_rfc_expand_as_they_should(template: str, expansion: str) -> None:
    # Some examples have neighbours that could not be read back; expansion alone does not mind.
    from flask_mcp_auth0.protocol.uri_template import _expand
    from flask_mcp_auth0.protocol.uri_template_syntax import parse

    parts = parse("s:" + template)
    text = "".join(part if isinstance(part, str) else _expand(part, RFC_VALUES) for part in parts)
    assert text == "s:" + expansion


def test_numbers_and_truth_values_expand_too() -> None:
    assert (
        UriTemplate("s:/{n}{?zero,yes}").expand({"n": 1.5, "zero": 0, "yes": True})
        == "s:/1.5?zero=0&yes=true"
    )


def test_percent_encodings_survive_a_reserved_expansion_and_nothing_else_does() -> None:
    template = UriTemplate("s:{+x}")
    assert (
        template.expand({"x": "a b%20c 100% %zz %c3%a9 é"})
        == "s:a%20b%20c%20100%25%20%25zz%20%C3%A9%20%C3%A9"
    )


def test_no_prefix_is_taken_of_a_list() -> None:
    with pytest.raises(ValueError, match="prefix"):
        UriTemplate("s:{x:3}").expand({"x": ["a"]})


@pytest.mark.parametrize(
    ("template", "uri", "variables"),
    [
        ("docs://{page}", "docs://intro", {"page": "intro"}),
        (
            "docs://{section}/{page}",
            "docs://guide/first%20steps",
            {"section": "guide", "page": "first steps"},
        ),
        ("docs://{page}.md", "docs://a.b.md", {"page": "a.b"}),
        ("docs://{a}-{b}", "docs://x-y-z", {"a": "x-y", "b": "z"}),
        ("docs://x{page}x", "docs://xxxx", {"page": "xx"}),
        ("map://{x,y}", "map://1024,768", {"x": "1024", "y": "768"}),
        ("docs://{page}", "docs://caf%c3%a9", {"page": "café"}),
        ("docs://{page}", "docs://café", {"page": "café"}),
        ("docs://café/{page}", "docs://caf%C3%A9/a", {"page": "a"}),
        ("docs://{page}", "docs://100%25", {"page": "100%"}),
        ("docs://{page}", "docs://%252e%252e", {"page": "%2e%2e"}),
        ("docs://{page}", "docs://a%2Cb", {"page": "a,b"}),
        ("docs://{tags*}", "docs://red,green%2C,blue", {"tags": ["red", "green,", "blue"]}),
        ("docs://{tags*}", "docs://red", {"tags": ["red"]}),
        ("dict://{term:1}/{term}", "dict://c/cat", {"term": "cat"}),
        ("dict://{term:3}/x", "dict://%C3%A9%C3%A9%C3%A9/x", {"term": "ééé"}),
        ("dict://{term:1}/{term:2}", "dict://c/ca", {"term": "ca"}),
        ("twice://{a}/{a}", "twice://x/x", {"a": "x"}),
        ("file:///{+path}", "file:///home/me/a.txt", {"path": "home/me/a.txt"}),
        ("file://{+path}", "file:///home/me/a.txt", {"path": "/home/me/a.txt"}),
        ("file:///{+path}", "file:///home%2Fme", {"path": "home/me"}),
        ("file:///{+path}", "file:///..a/b../c", {"path": "..a/b../c"}),
        ("proxy:{+url}", "proxy:https://a.example/b?c=d&e#f", {"url": "https://a.example/b?c=d&e#f"}),
        ("repo://{owner}/{repo}/{+path}", "repo://o/r/a/b", {"owner": "o", "repo": "r", "path": "a/b"}),
        ("x://{+dir}/{name}", "x://a/b/c", {"dir": "a/b", "name": "c"}),
        ("x://{+path}/x/{name}", "x://a/x/b/x/c", {"path": "a/x/b", "name": "c"}),
        ("x://{+list*}", "x://a/b,c", {"list": ["a/b", "c"]}),
        ("x://a{#part}", "x://a", {}),
        ("x://a{#part}", "x://a#b/c?d", {"part": "b/c?d"}),
        ("x://{+a}{#b,c}", "x://a/b#c,d", {"a": "a/b", "b": "c", "c": "d"}),
        ("x://a#{part}", "x://a#b", {"part": "b"}),
        ("x://{name}{.ext}", "x://a.tar.gz", {"name": "a.tar", "ext": "gz"}),
        ("x://{name}{.ext}", "x://a", {"name": "a"}),
        ("x://www{.dom*}", "x://www.example.com", {"dom": ["example", "com"]}),
        ("x://a{.b,c}", "x://a.1.2", {"b": "1", "c": "2"}),
        ("x://a{/b,c}", "x://a", {}),
        ("x://a{/b,c}", "x://a/1", {"b": "1"}),
        ("x://a{/b,c}", "x://a/1/2", {"b": "1", "c": "2"}),
        ("x://a{/path*}", "x://a/1/2/3", {"path": ["1", "2", "3"]}),
        ("x://a{/path*}/end", "x://a/1/2/end", {"path": ["1", "2"]}),
        ("x://a{;x,y}", "x://a;x=1;y=2", {"x": "1", "y": "2"}),
        ("x://a{;x,xy}", "x://a;xy=2", {"xy": "2"}),
        ("x://a{;xy,x}", "x://a;xy=2", {"xy": "2"}),
        ("x://a{;x}", "x://a;x", {"x": ""}),
        ("x://a{;x}", "x://a;x=", {"x": ""}),
        ("x://a{;list*,z}", "x://a;list=1;list=a%3Db;z=3", {"list": ["1", "a=b"], "z": "3"}),
        ("x://a{?q,page}", "x://a", {}),
        ("x://a{?q,page}", "x://a?page=2&q=hello%20world", {"q": "hello world", "page": "2"}),
        ("x://a{?q}", "x://a?q=", {"q": ""}),
        ("x://a{?q}", "x://a?q=a%2F..%2Fb/c,d=e", {"q": "a/../b/c,d=e"}),
        ("x://a{?tags*}", "x://a?tags=1&tags=2", {"tags": ["1", "2"]}),
        ("x://a{?tags*}", "x://a?tags=1", {"tags": ["1"]}),
        ("x://{a}{?q}{&r}{#f}", "x://1?r=3&q=2#4", {"a": "1", "q": "2", "r": "3", "f": "4"}),
        ("x://a?fixed=1{&q}", "x://a?fixed=1&q=2", {"q": "2"}),
        ("x://a?fixed=1{&q}", "x://a?fixed=1", {}),
        ("x://a?k={v}&l={w}{&q}", "x://a?k=1&l=2&q=3", {"v": "1", "w": "2", "q": "3"}),
        ("x://a?k={v}", "x://a?k=1", {"v": "1"}),
        ("x://{+path}{?q}", "x://a/b?q=1", {"path": "a/b", "q": "1"}),
        ("x://plain", "x://plain", {}),
    ],
)
def test_a_uri_gives_its_variables(template: str, uri: str, variables: dict[str, object]) -> None:
    assert UriTemplate(template).match(uri) == variables


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("docs://{page}", "docs://"),
        ("docs://{page}", "DOCS://a"),
        ("docs://{page}", "docs://a/b"),
        ("docs://{page}", "docs://a?b"),
        ("docs://{page}", "docs://a#b"),
        ("docs://{page}", "docs://a,b"),
        ("docs://{page}", "xdocs://a"),
        ("docs://{page}/end", "docs://a/end/more"),
        ("map://{x,y}", "map://1024"),
        ("docs://{tags*}", "docs://a,,b"),
        ("twice://{a}/{a}", "twice://x/y"),
        ("dict://{term:1}/{term}", "dict://d/cat"),
        ("dict://{term:1}/x", "dict://cat/x"),
        ("dict://{term:1}/{term*}", "dict://a/a,b"),
        ("x://a{/b}", "x://a/"),
        ("x://a{/b}", "x://a/1/2"),
        ("x://a{/path*}", "x://a//b"),
        ("x://a{;x}", "x://a;y=1"),
        ("x://a{;x}", "x://a;x=1;x=2"),
        ("x://a{;list*}", "x://a;list=1;other=2"),
        ("x://a{;list*}", "x://a;list=1;list=2=3"),
        ("x://a{?q}", "x://a?"),
        ("x://a{?q}", "x://a?q"),
        ("x://a{?q}", "x://a?q=1&q=2"),
        ("x://a{?q}", "x://a?q=1&r=2"),
        ("x://a{?q}", "x://a?q=1#fragment"),
        ("x://a{?q}", "x://a?q=[1]"),
        ("x://a?fixed=1{&q}", "x://a?q=2&fixed=1"),
        ("x://a?fixed=1{&q}", "x://a"),
        ("x://plain", "x://plainer"),
        # what is no URI
        ("docs://{page}", "docs://a b"),
        ("docs://{page}", "docs://a\nb"),
        ("docs://{page}", "docs://100%"),
        ("docs://{page}", "docs://%zz"),
        ("docs://{page}", "docs://\ud800"),
        ("docs://{page}", "docs://%ff"),
        ("docs://{page}", "docs://%C3"),
    ],
)
def test_a_uri_that_no_expansion_makes_is_not_matched(template: str, uri: str) -> None:
    assert UriTemplate(template).match(uri) is None


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("file:///{name}", "file:///.."),
        ("file:///{name}", "file:///."),
        ("file:///{name}", "file:///%2e%2e"),
        ("file:///{name}", "file:///..%2fetc"),
        ("file:///{name}", "file:///a%2Fb"),
        ("file:///{name}", "file:///a%5Cb"),
        ("file:///{name}", "file:///a%00b"),
        ("file:///{name}", "file:///a%0Ab"),
        ("file:///root{/path*}", "file:///root/a/../b"),
        ("file:///root{/path*}", "file:///root/a/%2E%2E/b"),
        ("file:///root{/path*}", "file:///root/a%2Fb"),
        ("file:///a{;x}", "file:///a;x=.."),
        ("file:///a{.x}", "file:///a..."),
        ("file:///{+path}", "file:///../etc/passwd"),
        ("file:///{+path}", "file:///a/../../etc/passwd"),
        ("file:///{+path}", "file:///a/%2e%2E/b"),
        ("file:///{+path}", "file:///a%2F..%2Fb"),
        ("file:///{+path}", "file:///a%5C..%5Cb"),
        ("file:///{+path}", "file:////etc/passwd"),
        ("file:///{+path}", "file:///%2Fetc/passwd"),
        ("file:///{+path}", "file:///%5Cetc"),
        ("file:///{+path}", "file:///a/.."),
        ("file:///{+path}", "file:///a%00"),
        ("x://a{#part}", "x://a#../b"),
        ("x://a{?q}", "x://a?q=%00"),
    ],
)
def test_a_value_that_would_leave_its_place_is_not_matched(template: str, uri: str) -> None:
    assert UriTemplate(template).match(uri) is None


def test_variables_are_named_in_order_and_once() -> None:
    template = UriTemplate("x://{a:1}/{a}{/b,c*}{?d}{&e}{#f}")
    assert template.variables == ("a", "b", "c", "d", "e", "f")
    assert template.optional == {"b", "c", "d", "e", "f"}
    assert UriTemplate("x://{a}{?a}").optional == frozenset()
    assert UriTemplate("x://plain").variables == ()
    assert repr(template) == "UriTemplate('x://{a:1}/{a}{/b,c*}{?d}{&e}{#f}')"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{scheme}://x", "scheme"),
        ("no scheme", "scheme"),
        ("", "scheme"),
        ("x://{a", "brace"),
        ("x://a}", "brace"),
        ("x://{a{b}}", "brace"),
        ("x://{}", "no variable name"),
        ("x://{a,}", "no variable name"),
        ("x://{a b}", "no variable name"),
        ("x://{a.}", "no variable name"),
        ("x://{a-b}", "no variable name"),
        ("x://{a*:3}", "no variable name"),
        ("x://{a:3*}", "prefix"),
        ("x://{a:0}", "prefix"),
        ("x://{a:10000}", "prefix"),
        ("x://{a:x}", "prefix"),
        ("x://{!a}", "operator '!'"),
        ("x://{=a}", "operator '='"),
        ("x://{|a}", "operator '|'"),
        ("x://{-a}", "operator '-'"),
        ("x://a b{c}", "percent-encoded"),
        ("x://<{c}>", "percent-encoded"),
        ("x://100%{c}", "percent-encoded"),
        ("x://\ud800{c}", "Unicode"),
        ("x://{a}{b}", "nothing between a and b"),
        ("x://{a}{+b}", "nothing between a and b"),
        ("x://{a}{/b}{c}", "nothing between b and c"),
        ("x://{a:2}-{b}", "after a prefix"),
        ("x://{a:2}{.b}", "after a prefix"),
        ("x://{?a}/b", "after its query"),
        ("x://{?a}{b}", "after its query"),
        ("x://{?a}{?b}", "after a query"),
        ("x://a?b=1{?a}", "after a query"),
        ("x://a{&b}", "no query was begun"),
        ("x://{?a,a}", "twice"),
        ("x://a#b{?c}", "after its fragment"),
        ("x://{?a}b#c", "between its query and its fragment"),
        ("x://a?b={+c}{&d}", "nobody could tell"),
        ("x://" + "a" * 3000, "longer than"),
        ("x://" + "/".join(f"{{v{number}}}" for number in range(33)), "33 variables"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_the_reason(template: str, reason: str) -> None:
    with pytest.raises(RegistrationError, match=reason.replace("|", r"\|")):
        UriTemplate(template)


def test_a_uri_is_bounded() -> None:
    template = UriTemplate("x://{a}")
    assert template.match("x://" + "a" * (MAX_URI - 4)) is not None
    assert template.match("x://" + "a" * (MAX_URI - 3)) is None
    assert template.match("x://" + "é" * (MAX_URI - 10)) is None


def test_matching_takes_a_number_of_steps_that_grows_with_the_length_only() -> None:
    # A backtracking matcher needs some n to the power of ten steps for this.
    template = UriTemplate("x://" + "-".join(f"{{v{number}}}" for number in range(10)) + "!")

    def steps(length: int) -> int:
        count = 0

        def trace(frame: object, event: str, argument: object) -> Any:
            nonlocal count
            count += 1
            return trace

        uri = "x://" + "-" * length
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            found = template.match(uri)
        finally:
            sys.settrace(before)
        assert found is None
        return count

    assert steps(4000) < 2 * 2.5 * steps(2000)


@pytest.mark.parametrize(
    ("template", "alphabet"),
    [
        ("x://{a}/{b}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://{a,b}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://{a}{/b,c}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://{a}{/b*}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://a{.a*}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://a{;a,b}{?c,d*}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://a?k={a}{&b,c*}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://{a:1}/{a}/{b*}", "ab1-_~ é%&=?#+,;:!日"),
        ("x://{+a}{?b}{#c}", "ab1-_~ é&=+,;:!@/日"),
    ],
)
def test_whatever_is_expanded_is_read_back(template: str, alphabet: str) -> None:
    rng = random.Random(6570)
    compiled = UriTemplate(template)
    for _ in range(300):
        values: dict[str, Any] = {}
        for name in compiled.variables:
            if name in compiled.optional and rng.random() < 0.3:
                break
            texts = ["".join(rng.choices(alphabet, k=rng.randint(1, 6))) for _ in range(rng.randint(1, 3))]
            values[name] = texts if f"{name}*" in template else texts[0]
        uri = compiled.expand(values)
        assert compiled.match(uri) == values, uri


def test_positions_are_reached_exactly_where_a_regular_expression_would() -> None:
    rng = random.Random(3986)

    def sequence(depth: int) -> tuple[Element[str], ...]:
        kinds = rng.choices(("literal", "run", "maybe"), weights=(3, 3, depth), k=rng.randint(1, 4))
        elements: list[Element[str]] = []
        for kind in kinds:
            if kind == "literal":
                elements.append(Literal("".join(rng.choices("ab", k=rng.randint(1, 2)))))
            elif kind == "run":
                elements.append(Run(rng.choice(("a", "b", "ab")), rng.randint(0, 1), "tag"))
            else:
                elements.append(Maybe(sequence(depth - 1)))
        return tuple(elements)

    def expression(elements: tuple[Element[str], ...]) -> str:
        parts = []
        for element in elements:
            if isinstance(element, Literal):
                parts.append(element.text)
            elif isinstance(element, Run):
                parts.append(f"([{element.characters}]{'+' if element.least else '*'})")
            else:
                parts.append(f"(?:{expression(element.elements)})?")
        return "".join(parts)

    agreed = 0
    for _ in range(3000):
        elements = sequence(2)
        text = "".join(rng.choices("ab", k=rng.randint(0, 7)))
        captures = match(elements, text)
        assert (captures is not None) == bool(re.fullmatch(expression(elements), text)), (elements, text)
        agreed += captures is not None
    assert agreed > 500


def test_a_percent_encoding_is_never_divided() -> None:
    assert UriTemplate("x://{a}A").match("x://%2A") is None
    assert UriTemplate("x://{a}2{b}").match("x://%20") is None
