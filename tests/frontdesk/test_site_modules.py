"""Modules joined into one: in the order of their imports, nothing lost or doubled."""

import pytest

from frontdesk.site.modules import ModuleError, join_modules


def test_what_is_imported_comes_first_and_once():
    modules = {
        "entry.js": 'import { a } from "./a.js";\nimport { B } from "./b.js";\nB(a);\n',
        "a.js": 'import {\n  c,\n  B,\n} from "./b.js";\nexport const a = c + B();\n',
        "b.js": "export async function B() {}\nexport let c = 1;\nclass D {}\n",
        "other.js": "export const nobody = 0;\n",
    }
    assert join_modules(modules, "entry.js") == (
        "async function B() {}\nlet c = 1;\nclass D {}\n\nconst a = c + B();\n\nB(a);\n"
    )


def test_two_modules_may_import_each_other():
    modules = {
        "a.js": 'import { b } from "./b.js";\nexport function a() {}\nb();\n',
        "b.js": 'import { a } from "./a.js";\nexport function b() {\n  a();\n}\n',
    }
    joined = "function b() {\n  a();\n}\n\nfunction a() {}\nb();\n"
    assert join_modules(modules, "a.js") == joined


@pytest.mark.parametrize("line, complaint", [
    ('import { a } from "./none.js";',        "none.js: there is no such module."),
    ('import { b } from "./a.js";',           "entry.js: a.js exports no b."),
    ('import { a } from "./a.js";\nlet a;',   "entry.js: a is in a.js too."),
    ('import { a } from "./a.js";\nlet own;', "entry.js: own is in a.js too."),
    ('import { a as z } from "./a.js";',      "entry.js: not understood: import { a"),
    ('import * as all from "./a.js";',        "entry.js: not understood: import * as"),
    ('import "./a.js";',                      'entry.js: not understood: import "./'),
    ('export { own } from "./a.js";',         "entry.js: not understood: export {"),
    ("export default class {}",               "entry.js: not understood: export def"),
    ('const z = import("./a.js");',           'entry.js: not understood: import("./a'),
])  # fmt: skip
def test_what_would_go_wrong_is_refused(line, complaint):
    modules = {"entry.js": line + "\n", "a.js": "export const a = 1;\nlet own = 2;\n"}
    with pytest.raises(ModuleError) as refused:
        join_modules(modules, "entry.js")
    assert str(refused.value).startswith(complaint)
