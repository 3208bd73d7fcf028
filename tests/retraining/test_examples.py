"""Reading examples from Rasa NLU files, with file and line."""

from pathlib import Path

import pytest
from rasa.shared.importers.utils import training_data_from_paths

from retraining.examples import NLU_FOLDER, Example, read_file, read_folder

ONE = """\
version: "3.1"
# Two intents, a look-up table between them.
nlu:
- intent: ask_cost
  examples: |
    - how much is it?
    - the price: 5 - or 6

- lookup: medicine
  examples: |
    - zoloft
- synonym: iv
  examples: |
    - drip
- intent: greet   \n\
  examples: |
    - hi \n\
    - it's "me" — hello
    -  two blanks
"""


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "one.yml"
    file.write_text(ONE, encoding="utf-8")
    return file


def test_examples_with_intent_file_and_line(file):
    assert read_file(file) == [
        Example("how much is it?", "ask_cost", file, 6),
        Example("the price: 5 - or 6", "ask_cost", file, 7),
        Example("hi", "greet", file, 17),
        Example('it\'s "me" — hello', "greet", file, 18),
        Example(" two blanks", "greet", file, 19),
    ]


def test_file_without_intents_has_no_examples(tmp_path):
    file = tmp_path / "empty.yml"
    file.write_text('version: "3.1"\nnlu: []\n')

    assert read_file(file) == []


def test_folder_is_read_in_name_order_without_its_subfolders(tmp_path):
    for name in ("b.yml", "a.yml", "notes.txt", "lookups/c.yml"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(
            f'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - {name}\n'
        )

    assert [example.text for example in read_folder(tmp_path)] == ["a.yml", "b.yml"]


@pytest.mark.parametrize("name", ["cost.yml", "crisis_direct.yml", "context.yml"])
def test_rasa_reads_the_same(name):
    """What the danger detector learns from is what Rasa learns from."""
    file = NLU_FOLDER / name
    rasas = training_data_from_paths([str(file)], "en").intent_examples

    ours = sorted((example.text, example.intent) for example in read_file(file))

    assert ours == sorted((item.get("text"), item.get("intent")) for item in rasas)


def test_line_is_where_the_example_stands():
    example = read_file(NLU_FOLDER / "cost.yml")[-1]

    line = Path(example.file).read_text(encoding="utf-8").splitlines()[example.line - 1]
    assert line.strip() == f"- {example.text}"
