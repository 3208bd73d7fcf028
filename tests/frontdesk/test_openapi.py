"""The OpenAPI document says what the calls take and give, errors included."""

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

CALLS = {
    ("get", "/chat/config"),
    ("post", "/chat/sessions"),
    ("post", "/chat/messages"),
    ("get", "/chat/messages"),
    ("get", "/chat/stream"),
    ("post", "/chat/typing"),
    ("post", "/chat/feedback"),
    ("post", "/chat/contact"),
    ("get", "/chat/export"),
    ("delete", "/chat/session"),
    ("post", "/chat/rest"),
}
PUBLIC = {
    ("get", "/chat/config"),
    ("post", "/chat/sessions"),
    ("post", "/chat/rest"),
}


@pytest.fixture(scope="module")
def document(gateway):
    return httpx.get(f"{gateway.url}/chat/openapi.json").json()


def _operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_document_has_every_call_of_the_contract(document):
    assert set(_operations(document)) == CALLS


def test_calls_say_whether_they_need_a_token(document):
    for call, operation in _operations(document).items():
        assert bool(operation.get("security")) is (call not in PUBLIC), call


def test_calls_describe_their_errors(document):
    for call, operation in _operations(document).items():
        errors = {code for code in operation["responses"] if code >= "400"}
        assert {"422", "429", "503"} <= errors, call
        for code in errors:
            content = operation["responses"][code]["content"]["application/json"]
            assert content["schema"]["$ref"].endswith("/ErrorOut")


def _check(document, name, content):
    registry = Registry().with_resource(
        "urn:d", Resource.from_contents({"$schema": DRAFT, **document})
    )
    schema = {"$ref": f"urn:d#/components/schemas/{name}"}
    Draft202012Validator(schema, registry=registry).validate(content)


DRAFT = "https://json-schema.org/draft/2020-12/schema"


def test_answers_are_as_described(document, patient):
    accepted = patient.say("hello").json()
    patient.replies()

    _check(document, "AcceptedOut", accepted)
    _check(document, "MessagesOut", {"messages": patient.messages()})
    _check(document, "ConfigOut", patient.http.get("/chat/config").json())
    _check(document, "ErrorOut", patient.say("a" * 4001).json())
    _check(document, "ErrorOut", patient.say("i want to kill myself " * 300).json())


@pytest.mark.parametrize(
    "method, path, status",
    [("PUT", "/chat/messages", 405), ("GET", "/chat/nothing", 404)],
)
def test_what_is_not_there_is_an_error_of_the_same_shape(
    document, patient, method, path, status
):
    answer = patient.http.request(method, path, headers=patient.headers)

    assert answer.status_code == status
    _check(document, "ErrorOut", answer.json())
