"""What a client sends cannot make its check take longer than its length accounts for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Discriminator, Field, Tag
from typing_extensions import TypedDict

from flask_mcp_auth0 import RegistrationError
from flask_mcp_auth0.protocol import schema_validator
from flask_mcp_auth0.protocol.questions import Form, UnusableAnswer
from flask_mcp_auth0.protocol.results import Output, UnfitResult
from flask_mcp_auth0.protocol.schema import InvalidArguments, Parameters, RawParameters
from flask_mcp_auth0.protocol.schema_validator import BoundedValidator, CannotBeApplied

#: Levels that a body may have, for objects within lists.
DEEP = 30


def function(**arguments: Any) -> None:
    """Stand for a tool's function."""


def raw(**properties: Any) -> RawParameters:
    return RawParameters(function, {"type": "object", "properties": properties})


def of(annotation: Any) -> Parameters:
    def tool(value: Any) -> None: ...

    tool.__annotations__["value"] = annotation
    return Parameters(tool)


def nested(levels: int, name: str, **also: Any) -> dict[str, Any]:
    value: dict[str, Any] = dict(also)
    for _ in range(levels):
        value = {name: [value], **also}
    return value


class And(BaseModel):
    children: list[AndOr] = []


class Or(BaseModel):
    children: list[AndOr] = []


AndOr = And | Or


class All(BaseModel):
    kind: Literal["all"] = "all"
    children: list[Tagged] = []


class Any_(BaseModel):
    kind: Literal["any"] = "any"
    children: list[Tagged] = []


Tagged = Annotated[All | Any_, Field(discriminator="kind")]


def which(value: Any) -> str:
    return "wide" if "wide" in (value if isinstance(value, dict) else vars(value)) else "narrow"


class Narrow(BaseModel):
    children: list[Chosen] = []


class Wide(BaseModel):
    wide: bool
    children: list[Chosen] = []


Chosen = Annotated[Annotated[Narrow, Tag("narrow")] | Annotated[Wide, Tag("wide")], Discriminator(which)]


class Both(BaseModel):
    both: list[Distinct]


class Either(BaseModel):
    either: list[Distinct]


class Leaf(BaseModel):
    number: int


Distinct = Both | Either | Leaf


class Bag(TypedDict, total=False):
    children: list[Bag | Sack | int]


class Sack(TypedDict, total=False):
    children: dict[str, Bag | Sack]


class ByName(BaseModel):
    model_config = {"extra": "allow"}
    __pydantic_extra__: dict[str, ByName | Named]


class Named(BaseModel):
    anything: ByName | Named | None = None


class Deep(BaseModel):
    value: dict[str, Deep] | list[Deep] | Deep | None = None


class Document(BaseModel):
    content: dict[str, Document] | list[Document] | int | None


class Lists(BaseModel):
    lists: list[Lists | None] | tuple[Lists, ...] = []


for model in (And, Or, All, Any_, Both, Either, ByName, Named, Deep, Document, Lists):
    model.model_rebuild()


@pytest.mark.parametrize(
    ("annotation", "arms"),
    [
        (AndOr, {"And", "Or"}),
        (list[AndOr] | None, {"And", "Or"}),
        (Bag | Sack, {"Bag", "Sack"}),
        (ByName | Named, {"ByName", "Named"}),
        (Lists, {"array"}),
        (Deep, {"object", "Deep"}),
    ],
)
def test_a_union_that_doubles_the_work_at_each_level_is_not_registered(
    annotation: Any, arms: set[str]
) -> None:
    with pytest.raises(RegistrationError, match="twice as long with every level") as raised:
        of(annotation)
    assert all(arm in str(raised.value) for arm in arms)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Tagged, nested(DEEP, "children", kind="any")),
        (Chosen, nested(DEEP, "children", wide=True)),
        (list[Tagged] | Leaf, [nested(DEEP, "children", kind="all")]),
        (Distinct, {"both": [nested(DEEP, "either", either=[{"number": 1}])]}),
        (Document, nested(DEEP, "content", content=1)),
    ],
)
def test_a_union_that_goes_straight_to_one_arm_is_checked_at_once(annotation: Any, value: Any) -> None:
    of(annotation).bind({"value": value})


def test_types_that_lead_back_by_different_ways_are_no_trouble() -> None:
    parameters = of(Distinct)
    with pytest.raises(InvalidArguments):
        parameters.bind({"value": nested(DEEP, "both", both=[{"number": "no number"}])})


EITHER_OF_TWO = {
    "type": "object",
    "properties": {"value": {"$ref": "#/$defs/node"}},
    "$defs": {
        "node": {"oneOf": [{"$ref": "#/$defs/and"}, {"$ref": "#/$defs/or"}]},
        "and": {
            "properties": {
                "kind": {"const": "and"},
                "children": {"items": {"$ref": "#/$defs/node"}},
            },
            "required": ["kind"],
        },
        "or": {
            "properties": {
                "kind": {"const": "or"},
                "children": {"items": {"$ref": "#/$defs/node"}},
            },
            "required": ["kind"],
        },
    },
}


def test_references_are_followed_so_often_and_no_more() -> None:
    parameters = RawParameters(function, EITHER_OF_TWO)
    shallow = {"value": nested(5, "children", kind="or")}
    assert parameters.bind(shallow) == shallow
    with pytest.raises(InvalidArguments, match="cannot be applied"):
        parameters.bind({"value": nested(DEEP, "children", kind="or")})
    assert parameters.bind(shallow) == shallow, "what one check counted is not another's"


def test_many_values_that_are_references_are_no_trouble() -> None:
    schema = {
        "type": "object",
        "properties": {"many": {"items": {"$ref": "#/$defs/one"}}},
        "$defs": {"one": {"type": "integer"}},
    }
    many = {"many": list(range(20_000))}
    assert RawParameters(function, schema).bind(many) == many


HOSTILE = "a" * 5_000 + "!"


@pytest.mark.parametrize(
    ("schema", "hostile"),
    [
        ({"pattern": "^(a+)+$"}, HOSTILE),
        (
            {"patternProperties": {"^(a|a)*$": {"type": "integer"}}, "additionalProperties": False},
            {HOSTILE: 1},
        ),
        ({"propertyNames": {"pattern": "^(a+)+$"}}, {HOSTILE: 1}),
    ],
)
@pytest.mark.parametrize("dialect", [None, "http://json-schema.org/draft-07/schema#"])
def test_a_pattern_is_matched_in_linear_time(
    schema: dict[str, Any], hostile: Any, dialect: str | None
) -> None:
    whole = {"type": "object", "properties": {"value": schema}} | ({"$schema": dialect} if dialect else {})
    with pytest.raises(InvalidArguments, match="value"):
        RawParameters(function, whole).bind({"value": hostile})


def test_a_pattern_of_a_type_is_matched_in_linear_time() -> None:
    with pytest.raises(InvalidArguments, match="value"):
        of(Annotated[str, Field(pattern="^(a+)+$")]).bind({"value": HOSTILE})


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^(?=a)a$"},
        {"items": {"anyOf": [{"pattern": r"(a)\1"}]}},
        {"patternProperties": {"(?<!a)b": {}}},
        {"pattern": "((((a{1000}){1000}){1000}){1000})"},
    ],
)
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_not_registered(schema: dict[str, Any]) -> None:
    with pytest.raises(RegistrationError, match="cannot be matched in a time"):
        raw(value=schema)


def test_a_pattern_of_a_type_that_cannot_be_matched_in_linear_time_is_not_registered() -> None:
    with pytest.raises(RegistrationError, match="look-around"):
        of(Annotated[str, Field(pattern="^(?=a)a$")])


def test_patterns_beside_what_is_unevaluated_are_not_registered() -> None:
    with pytest.raises(RegistrationError, match="cannot be combined"):
        raw(value={"unevaluatedProperties": False, "allOf": [{"patternProperties": {"^a": {}}}]})


@pytest.mark.parametrize(
    ("schema", "fits", "does_not"),
    [
        ({"pattern": "b"}, ["abc", 7], ["xyz", "\ud800b"]),
        ({"patternProperties": {"^n": {"type": "integer"}}}, [{"n1": 1, "x": "y"}, 7], [{"n1": "1"}]),
        ({"properties": {"a": {}}, "additionalProperties": False}, [{"a": 1}, {}, 7], [{"a": 1, "b": 2}]),
        ({"additionalProperties": {"type": "integer"}}, [{"a": 1}], [{"a": "1"}]),
        ({"patternProperties": {"^n": {}}, "additionalProperties": False}, [{"n": 1}], [{"m": 1}]),
        (
            {"uniqueItems": True},
            [[1, True, "1", [1], {"a": 1}], [0, False], 7],
            [[1, 1.0], [{"a": [1, 2]}, {"a": [1.0, 2]}]],
        ),
        ({"uniqueItems": False}, [[1, 1]], []),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, [{"a": 1}], [{"b": 1}]),
        ({"prefixItems": [{}], "unevaluatedItems": False}, [[1]], [[1, 2]]),
    ],
)
def test_keywords_of_our_own_mean_what_the_specification_says(
    schema: dict[str, Any], fits: list[Any], does_not: list[Any]
) -> None:
    parameters = raw(value=schema)
    for value in fits:
        assert parameters.bind({"value": value}) == {"value": value}
    for value in does_not:
        with pytest.raises(InvalidArguments):
            parameters.bind({"value": value})


def test_thousands_of_different_objects_are_found_to_be_different_at_once() -> None:
    many = [{"number": number} for number in range(50_000)]
    assert raw(value={"uniqueItems": True}).bind({"value": many}) == {"value": many}
    with pytest.raises(InvalidArguments, match="more than once"):
        raw(value={"uniqueItems": True}).bind({"value": [*many, {"number": 7.0}]})


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("unevaluatedItems", [0] * 5_000), ("unevaluatedProperties", dict.fromkeys(map(str, range(5_000))))],
)
def test_what_is_unevaluated_is_looked_for_among_few(keyword: str, value: Any) -> None:
    with pytest.raises(InvalidArguments, match="cannot be applied"):
        raw(value={keyword: {}}).bind({"value": value})


def test_a_million_problems_are_counted_and_not_listed() -> None:
    with pytest.raises(InvalidArguments, match=r"^50000 values are"):
        of(list[int]).bind({"value": ["x"] * 50_000})


def test_problems_of_a_raw_schema_are_looked_for_until_there_are_enough() -> None:
    with pytest.raises(InvalidArguments) as raised:
        raw(value={"items": {"type": "integer"}}).bind({"value": ["x"] * 50_000})
    assert str(raised.value).count("integer") == 10


@pytest.fixture
def few_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_validator, "MAX_REFERENCES", 100)


def test_longer_values_may_follow_more_references_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_validator, "REFERENCES", 0)
    monkeypatch.setattr(schema_validator, "MAX_REFERENCES", 1_000)
    schema = EITHER_OF_TWO | {
        "properties": {"value": {"items": {"allOf": [{"$ref": "#/$defs/one"}] * 9}}},
        "$defs": {"one": {}},
    }
    few, many = {"value": list(range(10))}, {"value": list(range(200))}
    assert RawParameters(function, schema).bind(few) == few
    with pytest.raises(InvalidArguments, match="cannot be applied"):
        RawParameters(function, schema).bind(many)


def test_a_form_that_takes_too_long_to_check_is_unusable(few_references: None) -> None:
    form = Form("Which?", EITHER_OF_TWO)
    content = {"value": nested(DEEP, "children", kind="or")}
    with pytest.raises(UnusableAnswer):
        form.read({"action": "accept", "content": content})


def test_a_form_with_a_schema_that_is_none_cannot_be_asked() -> None:
    with pytest.raises(RegistrationError, match="the form"):
        Form("Which?", {"type": "objekt"}).request()


def test_a_result_that_takes_too_long_to_check_is_unfit(few_references: None) -> None:
    output = Output(function, schema=EITHER_OF_TWO)
    with pytest.raises(UnfitResult, match="cannot be applied"):
        output.convert({"value": nested(DEEP, "children", kind="or")})


def test_a_reference_to_nowhere_cannot_be_applied() -> None:
    with pytest.raises(CannotBeApplied):
        BoundedValidator({"$ref": "https://example.com/schema"}, "here").problems({}, 1)
