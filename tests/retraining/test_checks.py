"""Each house check finds a problem planted in a small project; ours has none."""

# ruff: noqa: E501  (tables read better in one line each)

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from retraining.checks import main, run_checks

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)
META = (
    'status: draft, approved_by: "", approved_on: "", review_by: "2027-05-22", '
    "sources: [F-1]"
)
ANSWER = f"""
  - text: |-
      A visit costs {{price_iv}}. Call {{phone}}.
    metadata: {{route: faq, topic: cost, title: "What it costs", {META}}}
"""
CRISIS = f"""
  - text: |-
      Call or text 988 now. In danger, call 911.
    metadata: {{route: crisis, topic: abuse, {META}}}
"""
OVERDOSE = f"""
  - text: |-
      Call 911 now. Poison Help: 1-800-222-1222. You can also call 988.
    metadata: {{route: emergency, topic: overdose, {META}}}
"""
HANDOFF = f"""
  - text: |-
      Our staff will look at this. Call {{phone}}, or 911, or 988.
    metadata: {{route: medical, topic: dosing, kind: handoff, handoff: dosing, {META}}}
"""
FALLBACK = f"""
  - text: |-
      Please try other words. Call {{phone}}, or 911, or 988.
    metadata: {{route: not_understood, kind: fallback, {META}}}
"""
DOMAIN = """version: "3.1"
intents:
- ask_cost
- crisis_abuse
- emergency_overdose
- medical_dosing
- foreign_spanish
- foreign_other
- not_understood
slots:
  treatment: {type: text, mappings: [{type: from_entity, entity: treatment}]}
  handoff_reason:
    type: text
    mappings:
    - {type: from_intent, intent: crisis_abuse, value: abuse}
    - {type: from_intent, intent: medical_dosing, value: dosing}
actions:
- utter_cost
- utter_crisis_abuse
- utter_emergency_overdose
- utter_handoff_dosing
- utter_not_understood
- utter_foreign_spanish
- utter_foreign_other
- action_hand_off
"""
RULES = """version: "3.1"
rules:
- rule: give abuse resources
  steps:
  - intent: crisis_abuse
  - action: utter_crisis_abuse
- rule: hand off dosing
  steps:
  - intent: medical_dosing
  - action: utter_handoff_dosing
  - action: action_hand_off
- rule: not understood
  steps:
  - intent: not_understood
  - action: utter_not_understood
- rule: spanish
  steps:
  - intent: foreign_spanish
  - action: utter_foreign_spanish
- rule: other languages
  steps:
  - intent: foreign_other
  - action: utter_foreign_other
"""
NLU = """version: "3.1"
nlu:
- intent: ask_cost
  examples: |
    - how much is a visit
    - what are the fees
- intent: crisis_abuse
  examples: |
    - someone hurts me at home
- intent: emergency_overdose
  examples: |
    - too many tablets went down
- intent: medical_dosing
  examples: |
    - how many would be given
- intent: foreign_spanish
  examples: |
    - hola buenos dias
- intent: foreign_other
  examples: |
    - bonjour tout le monde
"""
TEST_NLU = """version: "3.1"
nlu:
- intent: ask_cost
  examples: |
    - is it expensive at all
    - thank you
- intent: medical_dosing
  examples: |
    - which strength is used
"""
STORIES = """conversations:
- name: abuse
  turns:
  - patient: there is violence here at home
    route: crisis
    topic: abuse
"""


def _responses(**texts):
    body = "".join(f"  {name}:{variations}" for name, variations in texts.items())
    return f'version: "3.1"\nresponses:\n{body}'


FILES = {
    "domain.yml": DOMAIN,
    "config.yml": "pipeline:\n- name: components.steps.Step\npolicies: []\n",
    "endpoints.yml": "nlg:\n  type: components.steps.Step\n",
    "credentials.yml": "components.steps.Step: {}\n",
    "knowledge/facts.yml": (
        "facts:\n"
        "- {id: F-1, fact: 'Call 988, 911 or 1-800-222-1222.', patient_facing: 'yes'}\n"
        "- {id: F-2, fact: For staff., patient_facing: staff_only}\n"
    ),
    "data/nlu/all.yml": NLU,
    "data/nlu/lookups/treatment.yml": (
        'version: "3.1"\nnlu:\n- lookup: treatment\n  examples: |\n    - iv\n'
    ),
    "data/rules/all.yml": RULES,
    "data/responses/cost.yml": _responses(utter_cost=ANSWER),
    "data/responses/urgent.yml": _responses(
        utter_crisis_abuse=CRISIS, utter_emergency_overdose=OVERDOSE
    ),
    "data/responses/staff.yml": _responses(
        utter_handoff_dosing=HANDOFF,
        utter_not_understood=FALLBACK,
        utter_foreign_spanish=FALLBACK,
        utter_foreign_other=FALLBACK,
    ),
    "data/responses/frontdesk.yml": _responses(utter_desk=FALLBACK),
    "frontdesk/chat/steps.py": 'NAME = "utter_desk"\nDESCRIPTION = """\\\nPatients talk to the clinic by these calls, and to nobody else but it."""\n',
    "tests/nlu/all.yml": TEST_NLU,
    "tests/stories/all.yml": STORIES,
    "actions/hand_off.py": 'NAME = "action_hand_off"\n',
    "components/steps.py": '"""A step."""\n\n\nclass Step:\n    """One."""\n',
    "clinic/facts.py": "import yaml\n",
}


def _make_project(folder):
    for name, content in FILES.items():
        _write(folder / name, content)
    shutil.copy(ROOT / "knowledge/banned_wording.yml", folder / "knowledge")
    shutil.copy(ROOT / "clinic.yml", folder)
    return folder


@pytest.fixture
def project(tmp_path):
    return _make_project(tmp_path)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The problems of the project before anything is planted."""
    folder = _make_project(tmp_path_factory.mktemp("before"))
    return set(run_checks(folder, today=TODAY))


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _edit(project, name, old, new):
    content = (project / name).read_text(encoding="utf-8")
    assert old in content, f"{name} has no {old!r}"
    _write(project / name, content.replace(old, new, 1))


COST, URGENT = "data/responses/cost.yml", "data/responses/urgent.yml"
STAFF, DATA = "data/responses/staff.yml", "data/nlu/all.yml"
LONG = " ".join(["We", "talk", "now."] * 31)
TEXT = '"Please call our front desk today so that we can help you with it."'
JARGON = "Antidepressant pharmacotherapy necessitates individualized consideration."
# fmt: off
# check, its severity, the file to edit, what stands there, what is planted, where it must point
PLANTED = [
    ("yaml-loads", "error", COST, "responses:", "responses: [", "cost.yml"),
    ("yaml-loads", "error", "data/nlu/new.yaml", "", "x", "data/nlu/new.yaml"),
    ("defined-once", "error", "data/responses/other.yml", "",
     _responses(utter_cost=ANSWER), "utter_cost"),
    ("defined-once", "error", COST, "responses:\n", f"responses:\n  utter_cost:{ANSWER}", "cost.yml:7"),
    ("defined-once", "error", "domain.yml", "slots:", "responses: {utter_x: [{text: x}]}\nslots:", "domain.yml:10"),
    ("top-keys", "error", DATA, "nlu:", "nlus:", "all.yml:2"),
    ("top-keys", "error", "data/rules/all.yml", "rules:", "rule:", "rules/all.yml:2"),
    ("top-keys", "error", COST, 'version: "3.1"', 'version: "2.0"', "cost.yml:1"),
    ("file-size", "error", DATA, "nlu:", "nlu:" + "\n" * 300, "all.yml"),
    ("test-file-in-data", "error", "data/nlu/test_cost.yml", "", NLU[:20], "test_cost.yml"),
    ("class-imports", "error", "endpoints.yml", "steps.Step", "steps.Stepp", "endpoints.yml: nlg"),
    ("class-imports", "error", "endpoints.yml", "nlg:", "tracker_store:\n  type: sqll\nnlg:", "tracker_store"),
    ("class-imports", "error", "endpoints.yml", "nlg:", "event_broker:\n  type: components.gone.Broker\nnlg:", "event_broker"),
    ("class-imports", "error", "config.yml", "components.steps.Step", "components.none.Step", "config.yml: pipeline"),
    ("class-imports", "error", "credentials.yml", "steps.Step", "steps.Door", "credentials.yml"),
    ("clinic-file", "error", "clinic.yml", "serve_drafts: true", "serve_drafts: maybe", "clinic.yml"),
    ("clinic-file", "error", "clinic.yml", "serve_drafts: true", "serve_drafts: false", "serve_drafts"),
    ("clinic-keys", "error", "clinic.yml", "minimum_age: 18", "min_age: 18", "min_age"),
    ("clinic-keys", "error", "clinic.yml", "  consultation:", "  first_visit:", "first_visit"),
    ("text", "error", COST, "A visit costs {price_iv}. Call {phone}.", "", "utter_cost[0]"),
    ("bubbles", "error", COST, "Call {phone}.", "\n\n      Two.\n\n      Three.\n\n      Four.", "utter_cost[0]"),
    ("bubble-words", "error", COST, "Call {phone}.", LONG, "utter_cost[0]"),
    ("reading-grade", "error", COST, "Call {phone}.", JARGON, "utter_cost[0]"),
    ("placeholders", "error", COST, "{price_iv}", "{price_tea}", "utter_cost[0]"),
    ("placeholders", "error", COST, "{price_iv}", "{price_iv", "utter_cost[0]"),
    ("sources", "error", COST, "[F-1]", "[F-9]", "utter_cost[0]"),
    ("sources", "error", COST, "[F-1]", "[F-2]", "utter_cost[0]"),
    ("sources", "error", COST, "[F-1]", "[]", "utter_cost[0]"),
    ("banned-wording", "error", COST, "Call {phone}.", "It is proven to work.", "utter_cost[0]"),
    ("banned-wording", "error", COST, "Call {phone}.", "You should come.", "utter_cost[0]"),
    ("banned-wording", "error", COST, "Call {phone}.", "We give 0.5 mg.", "utter_cost[0]"),
    ("metadata", "error", COST, "status: draft, ", "", "utter_cost[0]"),
    ("metadata", "error", COST, "status: draft", "status: approved", "utter_cost[0]"),
    ("metadata", "error", COST, 'approved_by: ""', 'approved_by: "Me"', "utter_cost[0]"),
    ("metadata", "error", COST, "status: draft", "status: done", "utter_cost[0]"),
    ("metadata", "error", STAFF, "kind: fallback", "kind: fallbak", "utter_not_understood[0]"),
    ("metadata", "error", STAFF, "route: not_understood", "route: none", "utter_not_understood[0]"),
    ("review-date", "error", COST, '"2027-05-22"', "2027-05-22", "utter_cost[0]"),
    ("review-date", "error", COST, '"2027-05-22"', '"soon"', "utter_cost[0]"),
    ("review-date", "error", COST, 'status: draft, approved_by: "", approved_on: ""',
     'status: approved, approved_by: "A, MD", approved_on: "2026-11-20"', "utter_cost[0]"),
    ("overdue", "warning", COST, '"2027-05-22"', '"2026-11-21"', "utter_cost[0]"),
    ("help-numbers", "error", URGENT, "Call or text 988 now. ", "", "utter_crisis_abuse[0]"),
    ("help-numbers", "error", URGENT, "Call 911 now. ", "", "utter_emergency_overdose[0]"),
    ("help-numbers", "error", URGENT, " Poison Help: 1-800-222-1222.", "", "utter_emergency_overdose[0]"),
    ("help-numbers", "error", STAFF, ", or 988", "", "utter_handoff_dosing[0]"),
    ("help-numbers", "error", STAFF, "words. Call {phone}, or 911,", "words. Call 911", "utter_not_understood[0]"),
    ("phone-numbers", "error", URGENT, "222-1222", "222-1223", "utter_emergency_overdose[0]"),
    ("phone-numbers", "error", URGENT, "text 988", "text 88788", "utter_crisis_abuse[0]"),
    ("condition", "error", COST, "- text:", "- condition: [{type: slot, name: treatment, value: iv}]\n    text:", "utter_cost[0]"),
    ("condition", "error", COST, "  utter_cost:", "  utter_cost:\n  - condition: [{type: slot, name: mood, value: x}]\n    text: No.\n    metadata: {}", "utter_cost[0]"),
    ("condition", "warning", COST, "  utter_cost:", "  utter_cost:\n  - condition: [{type: slot, name: treatment, value: tea}]\n    text: No.\n    metadata: {}", "utter_cost[0]"),
    ("intent-examples", "error", "domain.yml", "- ask_cost", "- ask_cost\n- ask_history", "domain.yml:4"),
    ("intent-response", "error", "domain.yml", "- ask_cost", "- ask_cost\n- ask_history", "domain.yml:4"),
    ("intent-known", "error", DATA, "intent: ask_cost", "intent: ask_costs", "all.yml:5"),
    ("topic", "error", COST, "topic: cost", "topic: costs", "utter_cost[0]"),
    ("topic", "error", COST, "utter_cost:", "utter_price:", "utter_cost"),
    ("topic", "error", "domain.yml", "- ask_cost\n", "", "ask_cost"),
    ("title", "error", COST, 'title: "What it costs"', 'title: "Price"', "utter_cost[0]"),
    ("domain-actions", "error", "domain.yml", "actions:", "actions:\n- utter_nothing", "domain.yml:18"),
    ("domain-actions", "error", "domain.yml", "- utter_cost\n", "", "utter_cost[0]"),
    ("domain-actions", "error", "domain.yml", "actions:", "actions:\n- action_fly", "action_fly"),
    ("front-desk-responses", "error", "data/responses/frontdesk.yml", "utter_desk:", "utter_dusk:", "utter_dusk[0]"),
    ("steps", "error", "data/rules/all.yml", "action: action_hand_off", "action: action_fly", "all.yml:7"),
    ("steps", "error", "data/stories/all.yml", "",
     'version: "3.1"\nstories:\n- story: a\n  steps:\n  - intent: ask_tea\n', "all.yml:3"),
    ("rules", "error", "data/rules/all.yml", "intent: medical_dosing", "intent: ask_cost", "medical_dosing"),
    ("rules", "error", "data/rules/all.yml", "  - action: utter_handoff_dosing\n", "", "all.yml:7"),
    ("rules", "error", "data/rules/all.yml", "rules:",
     "rules:\n- rule: twice\n  steps:\n  - intent: crisis_abuse\n  - action: utter_cost", "data/rules/all.yml"),
    ("handoff-reason", "error", STAFF, "handoff: dosing,", "", "dosing"),
    ("handoff-reason", "error", STAFF, "handoff: dosing,", "handoff: dozing,", "utter_handoff_dosing[0]"),
    ("handoff-reason", "error", "tests/stories/all.yml", "topic: abuse", "topic: other", "abuse"),
    ("handoff-reason", "error", "domain.yml", "handoff_reason:", "handoff_reasons:", "handoff_reason"),
    ("two-intents", "error", DATA, "- someone hurts me at home", "- How much is a visit?!", "all.yml:9"),
    ("two-intents", "error", "tests/nlu/all.yml", "- which strength is used", "- Is it expensive, at all", "tests/nlu/all.yml:9"),
    ("example-twice", "warning", DATA, "- what are the fees", "- how much is a visit?", "all.yml:6"),
    ("shared-with-tests", "error", DATA, "- what are the fees", "- Is it expensive, at all?", "all.yml:6"),
    ("shared-with-tests", "error", DATA, "- what are the fees", "- there is violence here at home.", "all.yml:6"),
    ("private-data", "error", DATA, "- what are the fees", "- call me at 303-555-0147 please", "all.yml:6"),
    ("private-data", "error", DATA, "- what are the fees", "- write to jane@mail.example now", "all.yml:6"),
    ("private-data", "error", "tests/nlu/all.yml", "- thank you", "- My name is Jane and I called", "tests/nlu/all.yml:6"),
    ("markup", "error", DATA, "- what are the fees", "- fees for [iv](treatment)", "all.yml:6"),
    ("markup", "error", DATA, "- what are the fees", "- /ask_cost", "all.yml:6"),
    ("nlu-form", "error", DATA, "- what are the fees", "-what are the fees", "all.yml: nlu[1]"),
    ("nlu-form", "error", "data/nlu/more.yml", "",
     'version: "3.1"\nnlu:\n- intent: ask_cost\n  examples:\n  - what are the fees now\n', "more.yml: nlu[1]"),
    ("nlu-form", "error", "data/nlu/more.yml", "",
     'version: "3.1"\nnlu:\n- regex: x\n  examples: |\n    - .*\n', "more.yml: nlu[1]"),
    ("story-form", "error", "data/stories/more.yml", "",
     'version: "3.1"\nstories:\n- story: s\n  steps:\n  - user: hello\n  - action: utter_cost\n', "more.yml: stories[1]"),
    ("story-form", "error", "data/stories/more.yml", "",
     'version: "3.1"\nstories:\n- story: s\n  steps:\n  - intent: ask_cost\n  - action: action_restart\n', "more.yml: stories[1]"),
    ("import-direction", "error", "clinic/facts.py", "import yaml", "import safety.clauses", "clinic/facts.py:1"),
    ("text-in-code", "error", "components/steps.py", "class", f"TEXT = {TEXT}\n\n\nclass", "steps.py:4"),
    ("text-in-code", "error", "frontdesk/chat/steps.py", "", f"TEXT = {TEXT}\n", "steps.py:1"),
    ("text-in-code", "error", "actions/hand_off.py", "NAME", 'd.utter_message(text="Hi.")\nNAME', "hand_off.py:1"),
    ("text-in-code", "error", "widget/src/view.js", "", f"const a = {TEXT};\n", "view.js:1"),
]
# fmt: on


@pytest.mark.parametrize(
    "check, severity, file, old, new, where",
    PLANTED,
    ids=[f"{row[0]}: {row[2]}: {row[4][:30]!r}" for row in PLANTED],
)
def test_planted_problem_is_found(
    project, before, check, severity, file, old, new, where
):
    if old:
        _edit(project, file, old, new)
    else:
        _write(project / file, new)

    new_ones = set(run_checks(project, today=TODAY)) - before

    found = [problem for problem in new_ones if problem.check == check]
    assert found, sorted(new_ones)
    assert any(where in problem.where for problem in found), found
    assert {problem.severity for problem in found} == {severity}
    assert all(problem.what and problem.do for problem in found)


@pytest.mark.parametrize("check, file, old, new", [
    ("overdue", COST, '"2027-05-22"', '"2026-11-22"'),              # the last day
    ("bubble-words", COST, "Call {phone}.", LONG[:200]),
    ("shared-with-tests", DATA, "- what are the fees", "- thank you"),  # two words
    ("banned-wording", COST, "Call {phone}.", "Ask for proof of cover."),
    ("phone-numbers", COST, "Call {phone}.", "It was $1,500 in 2024 for 10,000 people."),
    ("private-data", DATA, "- what are the fees", "- my name is on the list is it not"),
    ("condition", COST, "  utter_cost:", "  utter_cost:\n  - condition: [{type: slot, name: treatment, value: iv}]\n    text: No.\n    metadata: {}"),
    ("text-in-code", "components/steps.py", "class", f"logger.warning({TEXT})\n\n\nclass"),
    ("text-in-code", "components/steps.py", "class", f"raise ValueError({TEXT})\n\n\nclass"),
    ("text-in-code", "widget/src/strings.js", "", f"const a = {TEXT};\n"),
    ("import-direction", "components/steps.py", "class", "import safety, clinic.facts\n\n\nclass"),
    ("import-direction", "deploy/run.py", "", "import components, retraining, actions\n"),
    ("class-imports", "endpoints.yml", "nlg:", "tracker_store:\n  type: sql\nnlg:"),
    ("file-size", "data/nlu/lookups/treatment.yml", "nlu:", "nlu:" + "\n" * 300),
])  # fmt: skip
def test_near_miss_is_left_alone(project, before, check, file, old, new):
    if old:
        _edit(project, file, old, new)
    else:
        _write(project / file, new)

    new_ones = set(run_checks(project, today=TODAY)) - before

    assert not [problem for problem in new_ones if problem.check == check]


def test_every_check_has_a_planted_problem():
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "retraining").glob("check_*.py")
    )
    names = set(re.findall(r'(?:\(|\n)\s*"(?:error|warning)",\s*"([a-z-]+)"', source))

    assert names == {row[0] for row in PLANTED}


def test_small_project_has_only_what_it_leaves_out(before):
    assert {problem.check for problem in before} == {"topic"}


def test_our_own_project_has_no_errors():
    errors = [problem for problem in run_checks() if problem.severity == "error"]

    assert not errors


def test_errors_come_first(project):
    _edit(project, COST, '"2027-05-22"', '"2026-11-21"')
    _edit(project, STAFF, '"2027-05-22"', '"soon"')

    severities = [problem.severity for problem in run_checks(project, today=TODAY)]

    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}


def test_command_prints_where_and_what_and_fails(project, capsys):
    _edit(project, COST, "{price_iv}", "{price_tea}")

    assert main([str(project)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert any(
        "cost.yml:3 utter_cost[0]" in line and "{price_tea}" in line for line in lines
    )
    assert re.fullmatch(r"\d+ errors, \d+ warnings", lines[-1])
    assert lines[-2] == "8 of 8 texts are drafts."


def test_command_is_content_with_our_own_project(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 errors, ")


def test_banned_wording_is_all_usable():
    content = (ROOT / "knowledge/banned_wording.yml").read_text(encoding="utf-8")

    for entry in yaml.safe_load(content)["banned"]:
        assert entry.keys() == {"pattern", "why", "instead"}
        re.compile(entry["pattern"])


@pytest.mark.parametrize("text", [
    "It is a miracle drug.", "A breakthrough for you.", "It cures depression.",
    "Ketamine is safe.", "We guarantee relief.", "It rewires the brain.",
    "It gives lasting relief.", "This is life-changing.", "Our success rate is high.",
    "A natural way.", "It has minimal side effects.", "It helps up to 70 % of people.",
    "It helps 54% of people.", "You should stop.", "You shouldn't eat.",
    "We recommend six visits.", "You qualify.", "We give 40 mg.", "0.5mg is usual.",
    "Dr. Jane Summers says so.", "We understand how you feel.", "He committed suicide.",
    "Glad to help \U0001f600",
])  # fmt: skip
def test_banned_wording_finds(project, text):
    _edit(project, COST, "Call {phone}.", text)

    checks = {problem.check for problem in run_checks(project, today=TODAY)}

    assert "banned-wording" in checks
