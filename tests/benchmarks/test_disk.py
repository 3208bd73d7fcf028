"""What counts as the product's packages."""

from benchmarks.disk import environment_mb, product_mb

LOCK = """
[[package]]
name = "ours"
source = { virtual = "." }
dependencies = [{ name = "app", extra = ["more"] }]
[package.dev-dependencies]
dev = [{ name = "tool" }]

[[package]]
name = "app"
source = { registry = "x" }
dependencies = [{ name = "base-part" }]
[package.optional-dependencies]
more = [{ name = "extra-part" }]
less = [{ name = "tool" }]

[[package]]
name = "base-part"
source = { registry = "x" }

[[package]]
name = "extra-part"
source = { registry = "x" }
dependencies = [{ name = "app" }]

[[package]]
name = "tool"
source = { registry = "x" }
"""


def test_tools_of_developers_do_not_count(tmp_path):
    lock = tmp_path / "uv.lock"
    lock.write_text(LOCK)
    environment = tmp_path / "env"
    site = environment / "lib" / "python3.13" / "site-packages"
    for name in ("app", "Base_Part", "extra_part", "tool"):
        make_package(site, name, megabytes=2)

    assert 8 <= environment_mb(environment) < 8.3
    assert 6 <= product_mb(environment, lock) < 6.3


def make_package(site, name, *, megabytes):
    module, info = name.lower(), f"{name}-1.0.dist-info"
    (site / module).mkdir(parents=True)
    (site / info).mkdir()
    (site / module / "data.bin").write_bytes(bytes(megabytes * 2**20))
    (site / info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n")
    (site / info / "RECORD").write_text(
        f"{module}/data.bin,,\n{info}/METADATA,,\n{info}/RECORD,,\n"
        f"../../../bin/{module},,\n"
    )
