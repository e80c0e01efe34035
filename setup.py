"""What pyproject.toml cannot state: parameters and docs are copied into the package, for use outside of a checkout."""

from tempfile import TemporaryDirectory

from setuptools import find_namespace_packages, setup

BESIDE = {"snn.params": "params", "snn.docs": "docs"}
DATA = ["*.c", "*.css", "*.html", "*.js", "*.json", "*.md", "*.svg", "*.yaml"]


def packages(name: str, folder: str) -> list[str]:
    """A folder and all below it, as packages of the wheel."""
    below = find_namespace_packages(folder, exclude=["*__pycache__*", "_build*"])
    return [name, *(f"{name}.{package}" for package in below)]


with TemporaryDirectory() as build:  # not in the checkout, where files of older wheels would get into newer ones
    setup(
        packages=[name for place in {"snn": "snn", **BESIDE}.items() for name in packages(*place)],
        package_dir=BESIDE,
        package_data={"": DATA},
        options={"build": {"build_base": build}, "egg_info": {"egg_base": build}},
    )
