"""What a client sends cannot make its check take longer than its length accounts for."""

from __future__ import annotations

import copy
import re
import uuid
import zoneinfo
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    Discriminator,
    Field,
    FilePath,
    Tag,
    WithJsonSchema,
)
from typing_extensions import TypedDict

from flask_mcp_auth0 import RegistrationError
from flask_mcp_auth0.protocol.questions import Form, UnusableAnswer
from flask_mcp_auth0.protocol.results import Output, UnfitResult
from flask_mcp_auth0.protocol.schema import InvalidArguments, Parameters, RawParameters
from flask_mcp_auth0.protocol.schema_validator import BoundedValidator, CannotBeApplied

DRAFT = "https://json-schema.org/draft/2020-12/schema"

HOSTILE = "a" * 5_000 + "!"

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


class Strict(BaseModel):
    model_config = {"extra": "forbid"}
    one: int
    two: int


class Holding(BaseModel):
    held: Many


class Many(BaseModel):
    many: list[Strict]


class Unpatterned(BaseModel):
    model_config = {"regex_engine": "python-re"}
    text: str


class Old(BaseModel):
    model_config = {"regex_engine": "python-re"}
    text: Annotated[str, Field(pattern="^(a+)+$")]


class Bag(TypedDict, total=False):
    children: list[Bag | Sack | int]


class Sack(TypedDict, total=False):
    children: list[Bag | Sack]


class Row(TypedDict, total=False):
    of: list[Row | Table]


class Table(TypedDict, total=False):
    of: dict[str, Row | Table]


class Pair(NamedTuple):
    one: Pair | Single | None = None


class Single(BaseModel):
    one: Pair | Single | None = None


class Renamed(BaseModel):
    inner: Renamed | Plain | None = Field(None, validation_alias=AliasChoices("of", AliasPath("x", 0)))


class Twice(BaseModel):
    left: Twice | None = Field(None, validation_alias=AliasChoices("left", "child"))
    right: Twice | None = Field(None, validation_alias=AliasChoices("right", "child"))


class Plain(BaseModel):
    of: Renamed | Plain | None = None


class One(BaseModel):
    of: Hidden = None


class Two(BaseModel):
    of: Hidden = None


#: What is published says that there is a discriminator, or nothing at all.
Hidden = Annotated[
    One | Two | None, Field(json_schema_extra={"discriminator": {}}), WithJsonSchema({"type": "object"})
]


class Mixed(BaseModel):
    of: list[Mixed | None] | tuple[Mixed, ...] | Mixed | None = None


class Named(BaseModel):
    anything: ByName | Named | None = None


class ByName(BaseModel):
    model_config = {"extra": "allow"}
    __pydantic_extra__: dict[str, Named]


class Deep(BaseModel):
    value: dict[str, Deep] | list[Deep] | Deep | None = None


class Document(BaseModel):
    content: dict[str, Document] | list[Document] | int | None


class Lists(BaseModel):
    lists: list[Lists | None] | tuple[Lists, ...] = []


for model in (
    And,
    Or,
    All,
    Any_,
    Both,
    Either,
    ByName,
    Named,
    Deep,
    Document,
    Lists,
    One,
    Two,
    Single,
    Renamed,
    Plain,
    Mixed,
):
    model.model_rebuild()


@pytest.mark.parametrize(
    ("annotation", "arms"),
    [
        (AndOr, {"And", "Or"}),
        (list[AndOr] | None, {"And", "Or"}),
        (Bag | Sack, {"Bag", "Sack"}),
        (ByName | Named, {"ByName", "Named"}),
        (Lists, {"list", "tuple"}),
        (Deep, {"dict", "Deep"}),
        (Pair | Single, {"Pair", "Single"}),
        (Twice, {"child"}),
        (Renamed | Plain, {"Renamed", "Plain"}),
        (Hidden, {"One", "Two"}),
        (Mixed, {"list", "tuple"}),
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
        (Row | Table, nested(DEEP, "of", of=[])),
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


@pytest.mark.parametrize("levels", [5, DEEP])
def test_a_value_is_checked_against_each_reference_once(levels: int) -> None:
    parameters = RawParameters(function, EITHER_OF_TWO)
    good, bad = nested(levels, "children", kind="or"), nested(levels, "children", kind="nor")
    assert parameters.bind({"value": good}) == {"value": good}
    with pytest.raises(InvalidArguments):
        parameters.bind({"value": bad})


def test_what_is_below_a_reference_is_checked_once_too() -> None:
    wide: dict[str, Any] = {"kind": "or", "ids": list(range(2_000))}
    deep = nested(DEEP, "children", **wide)
    schema = copy.deepcopy(EITHER_OF_TWO)
    for name in ("and", "or"):
        schema["$defs"][name]["properties"]["ids"] = {"items": {"type": "integer"}, "uniqueItems": True}  # type: ignore[index]
    assert RawParameters(function, schema).bind({"value": deep}) == {"value": deep}


@pytest.mark.parametrize(
    "schema",
    [
        {
            "$schema": DRAFT,
            "properties": {"of": {"$ref": "#"}, "text": {"pattern": "^(a+)+$"}},
            "type": "object",
        },
        {
            "$schema": DRAFT,
            "type": "object",
            "properties": {"of": {"$ref": "other"}},
            "$defs": {
                "it": {"$id": "other", "$schema": DRAFT, "properties": {"text": {"pattern": "^(a+)+$"}}}
            },
        },
    ],
)
def test_a_subschema_that_names_its_dialect_is_bounded_too(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments, match="text"):
        RawParameters(function, schema).bind({"of": {"text": HOSTILE}})


def test_a_subschema_of_another_dialect_is_not_registered() -> None:
    with pytest.raises(RegistrationError, match="one dialect"):
        raw(value={"$schema": "http://json-schema.org/draft-07/schema#"})


@pytest.mark.parametrize("keyword", ["$dynamicRef", "$recursiveRef"])
def test_references_that_depend_on_where_one_comes_from_are_not_registered(keyword: str) -> None:
    with pytest.raises(RegistrationError, match="is not supported"):
        raw(value={keyword: "#"})


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_an_alternative_with_an_address_of_its_own_refers_within_itself(keyword: str) -> None:
    arm = {
        "$id": "https://example.com/arm",
        "$ref": "#/$defs/number",
        "$defs": {"number": {"type": "integer"}},
    }
    parameters = raw(value={keyword: [arm, {"type": "string"}]})
    assert parameters.bind({"value": 1})
    assert parameters.bind({"value": "x"})
    with pytest.raises(InvalidArguments):
        parameters.bind({"value": []})


@pytest.mark.parametrize(
    "schema",
    [
        {"examples": [{"$schema": "https://vega.github.io/schema/vega/v5.json"}]},
        {
            "default": {"$schema": "https://example.com"},
            "enum": [{"pattern": "(?=x)"}],
            "const": {"$dynamicRef": "#"},
        },
        {
            "properties": {
                "patternProperties": {},
                "unevaluatedProperties": {},
                "$dynamicRef": {},
                "pattern": {},
            }
        },
        {"$schema": DRAFT, "type": "object"},
    ],
)
def test_data_and_names_in_a_schema_are_no_keywords(schema: dict[str, Any]) -> None:
    raw(value=schema)


def test_the_reason_why_a_pattern_cannot_be_matched_is_told() -> None:
    with pytest.raises(RegistrationError, match="look-around"):
        raw(value={"pattern": "(?=a)"})
    with pytest.raises(RegistrationError, match="size limit"):
        raw(value={"pattern": r"^\w{1,255}$"})


def test_a_schema_that_refers_to_itself_and_nothing_else_cannot_be_applied() -> None:
    with pytest.raises(InvalidArguments, match="cannot be applied"):
        RawParameters(function, {"type": "object", "$ref": "#"}).bind({})


def test_the_end_of_the_stack_is_an_answer() -> None:
    node: dict[str, Any] = {"$ref": "#/$defs/node"}
    for _ in range(5):
        node = {"allOf": [{"anyOf": [node]}]}
    schema = {
        "type": "object",
        "properties": {"of": {"$ref": "#/$defs/node"}},
        "$defs": {"node": {"properties": {"of": node}}},
    }
    parameters = RawParameters(function, schema)
    value: dict[str, Any] = {}
    outcomes = set()
    for _ in range(62):
        value = {"of": value}
        try:
            parameters.bind(value)
            outcomes.add("fits")
        except InvalidArguments as error:
            outcomes.add(str(error))
    assert outcomes == {"fits", "the schema of this tool cannot be applied to these arguments"}


def test_a_panic_at_the_end_of_the_stack_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """As pyo3's, which is no ``Exception``."""

    validator = BoundedValidator({}, "here")

    def panic(value: Any) -> Any:
        raise PanicException

    monkeypatch.setattr(validator, "_validator", SimpleNamespace(iter_errors=panic))
    with pytest.raises(CannotBeApplied):
        validator.problems({}, 1)


def test_an_end_that_is_none_of_the_checks_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    validator = BoundedValidator({}, "here")

    def leave(value: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(validator, "_validator", SimpleNamespace(iter_errors=leave))
    with pytest.raises(SystemExit):
        validator.problems({}, 1)


def test_extending_a_recursive_type_by_what_is_unevaluated_goes_to_any_depth() -> None:
    schema = {
        "type": "object",
        "properties": {"value": {"$ref": "#/$defs/strict"}},
        "$defs": {
            "strict": {"allOf": [{"$ref": "#/$defs/base"}], "unevaluatedProperties": False},
            "base": {"properties": {"of": {"$ref": "#/$defs/strict"}, "n": {"type": "integer"}}},
        },
    }
    value: dict[str, Any] = {"n": 1}
    for _ in range(20):
        value = {"of": value, "n": 1}
    assert RawParameters(function, schema).bind({"value": value}) == {"value": value}
    with pytest.raises(InvalidArguments):
        RawParameters(function, schema).bind({"value": {"of": {"m": 1}}})


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
    many = [{"number": number} for number in range(30_000)]
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


@pytest.mark.parametrize("parameters", [of(Any), raw(value={})])
def test_more_values_than_anybody_needs_are_refused(parameters: Parameters | RawParameters) -> None:
    assert parameters.bind({"value": [[{"a": 1}]] * 33_000})
    with pytest.raises(InvalidArguments, match="more than 100,000 values"):
        parameters.bind({"value": [[{"a": 1}]] * 34_000})


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (list[Strict], [{}] * 50_000),
        (dict[str, Strict], {str(number): {} for number in range(30_000)}),
        (Holding, {"held": {"many": [{}] * 50_000}}),
        (list[Strict | Leaf | int], [{}] * 50_000),
    ],
)
def test_the_first_member_that_does_not_fit_is_enough(annotation: Any, value: Any) -> None:
    with pytest.raises(InvalidArguments) as raised:
        of(annotation).bind({"value": value})
    assert str(raised.value).count(";") <= 5


def test_thousands_of_unknown_names_are_counted_and_not_listed() -> None:
    with pytest.raises(InvalidArguments, match=r"^5000 values are"):
        of(Strict).bind({"value": {str(number): 0 for number in range(4_998)}})


def test_a_union_in_a_schema_names_no_mistake_of_its_arms() -> None:
    schema = {"anyOf": [{"items": {"type": "string"}, "type": "array"}, {"type": "string"}]}
    with pytest.raises(InvalidArguments, match=r"^value: fits none of the alternatives$"):
        raw(value=schema).bind({"value": [0] * 50_000})


@pytest.mark.parametrize("annotation", [set[int], frozenset[float], dict[int, str], set[tuple[int, int]]])
def test_what_is_hashed_by_number_has_a_limit_which_is_published(annotation: Any) -> None:
    parameters = of(annotation)
    published = parameters.schema["properties"]["value"]
    assert published.get("maxItems", published.get("maxProperties")) == 5_000
    # Numbers that all have the same hash.
    numbers = [number * (2**61 - 1) for number in range(5_001)]
    value: Any = {
        set[int]: numbers,
        frozenset[float]: [float(number) for number in range(5_001)],
        dict[int, str]: {str(number): "" for number in numbers},
        set[tuple[int, int]]: [[number, 1] for number in numbers],
    }[annotation]
    with pytest.raises(InvalidArguments, match="at most 5000"):
        parameters.bind({"value": value})


@pytest.mark.parametrize(
    "annotation",
    [
        *(set[str], dict[str, int], Annotated[set[int], Field(max_length=9_000)]),
        *(dict, dict[Any, int], dict[str | int, int], dict[uuid.UUID, int]),
    ],
)
def test_what_is_hashed_by_text_or_has_a_limit_is_left_as_it_is(annotation: Any) -> None:
    published = of(annotation).schema["properties"]["value"]
    assert published.get("maxItems", published.get("maxProperties")) in (None, 9_000)


@pytest.mark.parametrize(
    "annotation", [Annotated[str, Field(pattern=re.compile("^(a+)+$"))], Old, list[Old], dict[str, "Old"]]
)
def test_pythons_regular_expressions_are_not_registered(annotation: Any) -> None:
    with pytest.raises(RegistrationError, match="Python's regular expressions"):
        of(annotation)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(zoneinfo.ZoneInfo, "\ud800"), (FilePath, "x" * 5_000), (re.Pattern[str], "a{99999999999}")],
)
def test_a_value_that_a_type_chokes_on_is_an_invalid_argument(annotation: Any, value: str) -> None:
    with pytest.raises(InvalidArguments):
        of(annotation).bind({"value": value})


def test_items_of_an_iterable_are_checked_before_the_function_takes_them() -> None:
    parameters = of(Iterable[int])
    assert parameters.bind({"value": ["1", 2]}) == {"value": [1, 2]}
    with pytest.raises(InvalidArguments, match="value"):
        parameters.bind({"value": [1, "x"]})


def test_a_setting_for_patterns_concerns_a_model_that_has_one() -> None:
    assert of(Unpatterned).bind({"value": {"text": "x"}})


def test_a_multiple_of_a_fraction_may_be_larger_than_a_float() -> None:
    parameters = raw(value={"multipleOf": 0.5}, other={"multipleOf": 3})
    assert parameters.bind({"value": 10**309}) == {"value": 10**309}
    assert parameters.bind({"value": 1.5, "other": "x"})
    for bad in ({"value": 0.3}, {"other": 4}):
        with pytest.raises(InvalidArguments, match="multiple"):
            parameters.bind(bad)


def test_a_name_of_megabytes_is_not_repeated() -> None:
    with pytest.raises(InvalidArguments) as raised:
        raw(value={"additionalProperties": {"type": "integer"}}).bind({"value": {"\n" * 100_000: "x"}})
    assert len(str(raised.value)) < 500
    assert "\n" not in str(raised.value)


def test_problems_of_a_raw_schema_are_looked_for_until_there_are_enough() -> None:
    with pytest.raises(InvalidArguments) as raised:
        raw(value={"items": {"type": "integer"}}).bind({"value": ["x"] * 50_000})
    assert str(raised.value).count("integer") == 10


LOOP = {
    "type": "object",
    "properties": {"value": {"$ref": "#/$defs/loop"}},
    "$defs": {"loop": {"$ref": "#/$defs/loop"}},
}


def test_a_form_that_cannot_be_checked_is_unusable() -> None:
    with pytest.raises(UnusableAnswer):
        Form("Which?", LOOP).read({"action": "accept", "content": {"value": 1}})


def test_results_with_names_of_several_types_can_be_compared() -> None:
    output = Output(function, schema={"type": "object", "properties": {"a": {"uniqueItems": True}}})
    assert output.convert({"a": [{1: 2, "x": 3}, {2: 3}]})


def test_a_form_with_a_schema_that_is_none_cannot_be_asked() -> None:
    with pytest.raises(RegistrationError, match="the form"):
        Form("Which?", {"type": "objekt"}).request()


def test_a_result_that_cannot_be_checked_is_unfit() -> None:
    with pytest.raises(UnfitResult, match="cannot be applied"):
        Output(function, schema=LOOP).convert({"value": 1})


def test_a_reference_to_nowhere_cannot_be_applied() -> None:
    with pytest.raises(CannotBeApplied):
        BoundedValidator({"$ref": "https://example.com/schema"}, "here").problems({}, 1)
